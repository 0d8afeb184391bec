import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Table } from "../parts/table.js";
import { Figure } from "../parts/value.js";
import { clockLabel } from "./clock-label.js";
import type { Ledger } from "./ledger.js";

/** The chart as a table, for those who do not see it. */
export function Numbers({ ledger }: { readonly ledger: Ledger }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="fold quiet" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && <NumberTable ledger={ledger} />}
    </details>
  );
}

function NumberTable({ ledger }: { readonly ledger: Ledger }): JSX.Element {
  const { times, captured, replayed, settled } = ledger;
  const rows = times.flatMap((at, index) => {
    const values = [captured[index], replayed[index], settled[index]];
    return values.some((value) => (value ?? 0) > 0) ? [{ at, values }] : [];
  });
  if (rows.length === 0) return <p class="muted">Nothing was captured, replayed or settled in this time.</p>;
  return (
    <Table columns={["From", "#Captured", "#Replayed", "#Settled by hand"]}>
      {rows.toReversed().map(({ at, values }) => (
        <tr key={at}>
          <th scope="row">{clockLabel(at)}</th>
          {values.map((value, index) => (
            <td class="numeric" key={index}>
              <Figure of={value} />
            </td>
          ))}
        </tr>
      ))}
    </Table>
  );
}
