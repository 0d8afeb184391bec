import type { JSX } from "preact";
import { useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { Icon } from "./icon.js";

/** What was done lately. */
export function Notices(): JSX.Element {
  const console = useConsole();
  const notices = useSignal(console.notices);
  return (
    <div class="notices">
      {notices.map(({ id, isGood, text }) => (
        <div key={id} role="alert" class={`notice ${isGood ? "notice-good" : "notice-bad"}`}>
          <Icon name={isGood ? "good" : "bad"} />
          <p>
            <bdi>{text}</bdi>
          </p>
          <button type="button" class="button bare" aria-label="Dismiss" onClick={() => console.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
