import type { JSX } from "preact";
import type { AttemptRow, DeadLetter, ErrorFacts } from "../api/types.js";
import { When } from "../parts/age.js";
import { Blank, Pre, Value } from "../parts/value.js";
import { clean, textOf } from "../text/clean.js";
import { duration, numberOf } from "../text/format.js";

/** What it failed with, and what that was caused by. */
export function Causes({ entry }: { readonly entry: DeadLetter }): JSX.Element {
  const { failureType, errorCode, errorMessage, metadata = {} } = entry;
  const causes = Array.isArray(metadata["causes"]) ? (metadata["causes"] as unknown[]) : [];
  const { stack, last_replay_error: lastReplay } = metadata;
  return (
    <section class="part">
      <h3>Error</h3>
      <ol class="causes">
        <li>
          <strong>
            <Value of={errorCode || failureType} longest={200} />
          </strong>{" "}
          <Value of={errorMessage} longest={4000} />
        </li>
        {causes.map((cause, index) => (
          <li key={index}>
            <span class="muted">caused by </span>
            <ErrorLine error={cause} />
          </li>
        ))}
      </ol>
      {lastReplay !== undefined && (
        <p>
          <span class="muted">The last replay said </span>
          <Value of={lastReplay} longest={1000} />
        </p>
      )}
      {typeof stack === "string" && (
        <details class="fold">
          <summary>Stack</summary>
          <Pre label="Stack">{clean(stack)}</Pre>
        </details>
      )}
    </section>
  );
}

function ErrorLine({ error }: { readonly error: unknown }): JSX.Element {
  const isFacts = typeof error === "object" && error !== null;
  const { name, code, message }: ErrorFacts = isFacts ? error : { message: textOf(error) };
  return (
    <>
      {(code ?? name) !== undefined && (
        <strong>
          <Value of={code ?? name} longest={120} />{" "}
        </strong>
      )}
      <Value of={message} longest={2000} />
    </>
  );
}

/** Every run of the call, before it was given up. */
export function Attempts({ entry: { attempts = [] } }: { readonly entry: DeadLetter }): JSX.Element {
  return (
    <section class="part">
      <h3>Attempts</h3>
      {attempts.length === 0 ? (
        <p class="muted">None were recorded.</p>
      ) : (
        <ol class="attempts">
          {attempts.map((attempt, index) => (
            <Attempt key={index} attempt={attempt} />
          ))}
        </ol>
      )}
    </section>
  );
}

function Attempt({ attempt }: { readonly attempt: AttemptRow }): JSX.Element {
  const { number, startedAt, duration: took, error, delayBeforeNext } = attempt;
  const wait = numberOf(delayBeforeNext);
  return (
    <li class="attempt">
      <span class="attempt-number">
        <Value of={number} />
      </span>
      <span>
        <Took ms={took} />, <When at={startedAt} />
        {error !== undefined && (
          <>
            {": "}
            <ErrorLine error={error} />
          </>
        )}
        {wait !== undefined && <span class="muted"> — then waited {duration(wait)}</span>}
      </span>
    </li>
  );
}

function Took({ ms }: { readonly ms: unknown }): JSX.Element {
  const value = numberOf(ms);
  return value === undefined ? <Blank /> : <span>{duration(value)}</span>;
}
