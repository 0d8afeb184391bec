import type { JSX } from "preact";
import type { CircuitRow } from "../api/types.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Table } from "../parts/table.js";
import { Value } from "../parts/value.js";
import { useConsole } from "../state/console.js";
import { useSignal } from "../state/signal.js";
import { seconds, serverNow } from "../state/time.js";
import { timeOf } from "../text/format.js";
import { CircuitDetail } from "./detail.js";
import { wordsOf } from "./states.js";
import { CallWindow } from "./window.js";

const LONGEST_NAME = 160;

export function CircuitTable({ rows }: { readonly rows: readonly CircuitRow[] }): JSX.Element {
  return (
    <Table kind="circuits" columns={["State", "Circuit", "Window of this process", "Since", ""]}>
      {rows.map((row) => (
        <Line key={row.name} row={row} />
      ))}
    </Table>
  );
}

function Line({ row }: { readonly row: CircuitRow }): JSX.Element {
  const console = useConsole();
  const { grade, label } = wordsOf(row.state);
  const open = (): void => console.show((close) => <CircuitDetail name={row.name} onClose={close} />);
  return (
    <tr data-name={row.name}>
      <td>
        <Badge grade={grade}>{label}</Badge>
      </td>
      <th scope="row" class="name">
        <Value of={row.name} longest={LONGEST_NAME} />
        <Pinned row={row} />
      </th>
      <td>
        <CallWindow of={row.window} />
      </td>
      <td class="since">
        <Since row={row} />
      </td>
      <td class="acts">
        <button
          type="button"
          class="button small"
          onClick={open}
          aria-label={`Details and actions of ${row.name.slice(0, LONGEST_NAME)}`}
        >
          Details
        </button>
      </td>
    </tr>
  );
}

function Pinned({ row: { manual } }: { readonly row: CircuitRow }): JSX.Element | null {
  if (manual === undefined) return null;
  return (
    <span class="sub">
      pinned by <Value of={manual.actor} longest={60} />: <Value of={manual.reason} longest={120} />
    </span>
  );
}

function Since({
  row: { since, openUntil, state, manual, probes },
}: {
  readonly row: CircuitRow;
}): JSX.Element {
  return (
    <>
      <When at={since} />
      {state === "open" && openUntil !== undefined && (
        <span class="sub">
          <Probe from={openUntil} />
        </span>
      )}
      {state === "half_open" && probes !== undefined && (
        <span class="sub">
          <Value of={probes.live} /> of <Value of={probes.limit} /> probes under way
        </span>
      )}
      {manual?.until !== undefined && (
        <span class="sub">
          pin ends <When at={manual.until} />
        </span>
      )}
    </>
  );
}

/** A circuit stays open until somebody calls: that its wait is over does not mean that it was tried. */
function Probe({ from }: { readonly from: unknown }): JSX.Element {
  useSignal(seconds);
  const at = timeOf(from);
  if (at !== undefined && at <= serverNow()) return <>the next call tries it</>;
  return (
    <>
      tried again <When at={from} />
    </>
  );
}
