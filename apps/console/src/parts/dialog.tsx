import { type ComponentChildren, createContext, type JSX } from "preact";
import { useContext, useId, useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.js";
import { Notices } from "./notices.js";

/** Whether a dialog is the one that can be used. */
export const IsTop = createContext(false);

/** What is to be filled in or pressed, rather than the way out. */
const FIRST = "form input, form [type=submit]";

interface DialogProps {
  readonly title: ComponentChildren;
  /** "side" lies along the edge of the page and is closed by a click beside it. */
  readonly kind: "middle" | "side";
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** The browser's own modal: it holds the focus, and gives it back to where it was. Escape closes it. */
export function Dialog({ title, kind, onClose, children }: DialogProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const isTop = useContext(IsTop);
  const isQuestion = kind === "middle"; // what was done before does not come between it and its answer
  useLayoutEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    shown?.querySelector<HTMLElement>(FIRST)?.focus();
    return () => shown?.close();
  }, []);
  const onCancel = (event: Event): void => {
    event.preventDefault(); // it goes when its owner takes it away
    onClose();
  };
  const onClick = (event: MouseEvent): void => {
    if (kind === "side" && event.target === dialog.current) onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does what a click beside it does
    <dialog
      ref={dialog}
      class={`dialog dialog-${kind}`}
      aria-labelledby={heading}
      onCancel={onCancel}
      onClose={onClose}
      onClick={onClick}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="button bare" onClick={onClose} aria-label="Close">
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
      {isTop && !isQuestion && <Notices />}
    </dialog>
  );
}
