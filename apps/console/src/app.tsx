import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Footer } from "./footer.js";
import { Header } from "./header/header.js";
import { Gate } from "./header/key.js";
import { LedgerPanel } from "./ledger/panel.js";
import { Boundary } from "./parts/boundary.js";
import { Dialogs } from "./parts/dialogs.js";
import { Rows } from "./rows/rows.js";
import { type Console, ConsoleContext, useConsole, useSource } from "./state/console.js";
import { VerdictLine } from "./verdict/verdict-line.js";

export function App({ console }: { readonly console: Console }): JSX.Element {
  useEffect(() => console.start(), [console]);
  useEffect(listenForFilter, []);
  return (
    <ConsoleContext.Provider value={console}>
      <a class="skip" href="#rows">
        Skip to the rows
      </a>
      <Header />
      <Boundary>
        <Body />
      </Boundary>
      <Footer />
      <Dialogs />
    </ConsoleContext.Provider>
  );
}

function Body(): JSX.Element {
  const { failure } = useSource(useConsole().sources.always.posture);
  if (failure?.kind === "unauthenticated") return <Gate />;
  return (
    <main>
      <VerdictLine />
      <Boundary>
        <LedgerPanel />
      </Boundary>
      <div id="rows" tabIndex={-1}>
        <Rows />
      </div>
    </main>
  );
}

/** `/` leads to the first filter that is there. */
function listenForFilter(): () => void {
  const onKey = (event: KeyboardEvent): void => {
    const isTyping = event.target instanceof Element && event.target.matches("input, select, textarea");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    const filter = document.querySelector<HTMLInputElement>("dialog[open] .filter, main .filter");
    if (filter === null) return;
    event.preventDefault(); // it is no letter to be typed
    filter.focus();
    filter.select();
  };
  document.addEventListener("keydown", onKey);
  return () => document.removeEventListener("keydown", onKey);
}
