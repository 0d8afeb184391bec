import type { JSX } from "preact";
import { Value } from "./parts/value.js";
import { useConsole, useSource } from "./state/console.js";

/** Which packages do nothing and why, and how to go about the page. */
export function Footer(): JSX.Element {
  const { plugins = [] } = useSource(useConsole().sources.always.posture).data ?? {};
  const inert = plugins.filter(({ status }) => status === "inert");
  return (
    <footer class="bottom">
      {inert.map(({ name, reason }) => (
        <p key={name}>
          <Value of={name} longest={80} /> is installed and does nothing: <Value of={reason} longest={200} />
        </p>
      ))}
      <p class="keys">
        <kbd>/</kbd> filter <kbd>Esc</kbd> close <kbd>Tab</kbd> go on
      </p>
    </footer>
  );
}
