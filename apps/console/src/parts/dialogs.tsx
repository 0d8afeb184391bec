import type { JSX } from "preact";
import { useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { IsTop } from "./dialog.js";
import { Notices } from "./notices.js";

/** The dialogs that are open. What was done lately is told on top: everything below a dialog is out of reach. */
export function Dialogs(): JSX.Element {
  const console = useConsole();
  const open = useSignal(console.dialogs);
  return (
    <>
      {open.map(({ id, draw }, index) => (
        <IsTop.Provider key={id} value={index === open.length - 1}>
          <Drawn draw={() => draw(() => console.close(id))} />
        </IsTop.Provider>
      ))}
      {open.length === 0 && <Notices />}
    </>
  );
}

function Drawn({ draw }: { readonly draw: () => JSX.Element }): JSX.Element {
  return draw();
}
