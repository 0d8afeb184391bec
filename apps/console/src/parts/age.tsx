import type { JSX } from "preact";
import { useSignal } from "../state/signal.js";
import { seconds, serverNow } from "../state/time.js";
import { date, span, timeOf } from "../text/format.js";
import { Blank } from "./value.js";

/** How long ago the browser learned of something. */
export function Age({ at }: { readonly at: number | undefined }): JSX.Element {
  const now = useSignal(seconds);
  if (at === undefined) return <Blank />;
  const age = now - at;
  return (
    <time class="age" dateTime={new Date(at).toISOString()} title={date(at)}>
      {age < 1500 ? "now" : `${span(age)} ago`}
    </time>
  );
}

/** How long ago something was by the server's clock; what is yet to come is "in …". */
export function When({ at }: { readonly at: unknown }): JSX.Element {
  useSignal(seconds);
  const then = timeOf(at);
  if (then === undefined) return <Blank />;
  const age = serverNow() - then;
  const text = age < -500 ? `in ${span(-age)}` : age < 1500 ? "now" : `${span(age)} ago`;
  return (
    <time dateTime={new Date(then).toISOString()} title={date(then)}>
      {text}
    </time>
  );
}
