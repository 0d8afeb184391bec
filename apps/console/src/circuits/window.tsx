import type { JSX } from "preact";
import type { CircuitRow } from "../api/types.js";
import { Blank } from "../parts/value.js";
import { count, numberOf, percent } from "../text/format.js";

const WIDTH = 140;
const HEIGHT = 14;
const STRIP = 3;

interface Shares {
  readonly calls: number;
  readonly failures: number;
  readonly rateLimited: number;
  readonly slow: number;
}

/** The calls that a breaker decides by: what failed, what was turned away by the dependency, and below it what was slow. */
export function CallWindow({ of }: { readonly of: CircuitRow["window"] }): JSX.Element {
  const shares = sharesOf(of);
  if (shares === undefined) return <Blank />;
  const words = inWords(shares);
  return (
    <div class="window">
      <Bar shares={shares} />
      <span class="window-words">{words}</span>
    </div>
  );
}

function Bar({ shares: { calls, failures, rateLimited, slow } }: { readonly shares: Shares }): JSX.Element {
  const scale = (value: number): number => (calls === 0 ? 0 : (Math.min(value, calls) / calls) * WIDTH);
  const main = HEIGHT - STRIP - 1;
  const failed = scale(failures);
  return (
    <svg class="window-bar" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <rect
        class={calls === 0 ? "window-none" : "window-ok"}
        x="0.5"
        y="0.5"
        width={WIDTH - 1}
        height={main - 1}
        rx="2"
      />
      {failures > 0 && (
        <rect class="window-failed" x="0" y="0" width={Math.max(2, failed)} height={main} rx="2" />
      )}
      {rateLimited > 0 && (
        <rect
          class="window-limited"
          x={failed}
          y="0"
          width={Math.max(2, scale(rateLimited))}
          height={main}
          rx="2"
        />
      )}
      {slow > 0 && (
        <rect class="window-slow" x="0" y={HEIGHT - STRIP} width={Math.max(2, scale(slow))} height={STRIP} />
      )}
    </svg>
  );
}

function sharesOf(of: CircuitRow["window"]): Shares | undefined {
  const calls = numberOf(of?.calls);
  const failures = numberOf(of?.failures);
  if (calls === undefined || failures === undefined) return undefined;
  return { calls, failures, rateLimited: numberOf(of?.rateLimited) ?? 0, slow: numberOf(of?.slow) ?? 0 };
}

function inWords({ calls, failures, rateLimited, slow }: Shares): string {
  if (calls === 0) return "no call in the window";
  const parts = [
    failures === 0
      ? `none of ${count(calls, "call")} failed`
      : `${percent(failures, calls)} of ${count(calls, "call")} failed`,
  ];
  if (rateLimited > 0) parts.push(`${rateLimited} answered 429`);
  if (slow > 0) parts.push(`${slow} slow`);
  return parts.join(", ");
}
