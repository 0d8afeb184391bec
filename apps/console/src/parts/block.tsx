import type { ComponentChildren, JSX } from "preact";
import { explain } from "../api/explain.js";
import { isDoorOpen, useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import type { Reading, Source } from "../state/source.js";
import { Age } from "./age.js";
import { Icon } from "./icon.js";

interface BlockProps<T> {
  readonly source: Source<T>;
  readonly reading: Reading<T>;
  readonly children: (data: T) => ComponentChildren;
}

/** Shows what a source knows, how old that is, and why there is nothing newer. */
export function Block<T>({ source, reading, children }: BlockProps<T>): JSX.Element {
  const { data, failure, asked } = reading;
  const isFresh = isDoorOpen(useSignal(useConsole().sources.always.posture.reading)) && failure === undefined;
  return (
    <div class="block" aria-busy={!asked}>
      {failure !== undefined && <Trouble source={source} reading={reading} />}
      {data !== undefined && <div class={isFresh ? "" : "dated"}>{children(data)}</div>}
      {!asked && <p class="asking">Asking…</p>}
    </div>
  );
}

function Trouble<T>({ source, reading }: Omit<BlockProps<T>, "children">): JSX.Element | null {
  const { api } = useConsole();
  const { data, at, failure } = reading;
  if (failure === undefined) return null;
  const { message, hint } = explain(failure, { hasKey: api.key.value !== "" });
  return (
    <div class="trouble" role="note">
      <Icon name="unknown" />
      <p>
        {data === undefined ? "Nothing is known" : "What is shown is old"}: <bdi>{message}</bdi>.
        {data !== undefined && (
          <>
            {" "}
            It was learned <Age at={at} />.
          </>
        )}
        {hint !== undefined && <> {hint}</>}
      </p>
      <button type="button" class="button small" onClick={() => void source.refresh()}>
        Try again
      </button>
    </div>
  );
}

/** Says what to do where there is nothing to show. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p>{children}</p>}
    </div>
  );
}
