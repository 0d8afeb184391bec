import type { JSX } from "preact";
import type { Divergence, DivergenceReport, StorageAnswer } from "../api/types.js";
import type { Action } from "../parts/action.js";
import { ActionButtons } from "../parts/action-buttons.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Table } from "../parts/table.js";
import { Fact, Facts, Figure, Tally, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { entryOf } from "../state/shape.js";
import type { Grade } from "../state/standing.js";
import { textOf } from "../text/clean.js";

const SHOWN = 50;

export function StoragePanel(): JSX.Element {
  const { storage } = useConsole().sources.always;
  const reading = useSource(storage);
  return (
    <Block source={storage} reading={reading}>
      {(answer) => (
        <>
          <Where answer={answer} />
          <Divergences reports={answer.divergences ?? []} />
        </>
      )}
    </Block>
  );
}

const GRADES: Readonly<Record<string, Grade>> = { normal: "good", degraded: "bad", recovering: "warn" };

function Where({ answer: { storage, mode } }: { readonly answer: StorageAnswer }): JSX.Element {
  const console = useConsole();
  return (
    <>
      <Facts>
        <Fact label="State is kept in">
          <Value of={storage} />
        </Fact>
        <Fact label="Mode">
          <Badge grade={entryOf(GRADES, mode) ?? "unknown"}>{mode ?? "not reported"}</Badge>
        </Fact>
      </Facts>
      <ActionButtons actions={[recovery(console)]} />
    </>
  );
}

function recovery({ api, sources: { always } }: ReturnType<typeof useConsole>): Action {
  return {
    button: "Look again",
    title: "Look for the shared store",
    verb: "Look now",
    risk: "reversible",
    needs: "operator",
    effect:
      "Asks at once whether the shared store answers, and if so brings it up to date with what it missed.",
    fields: [],
    changes: [always.storage],
    send: async () => {
      await api.post("storage/recover", {});
      return { isGood: true, text: "Looked for the shared store" };
    },
  };
}

function Divergences({ reports }: { readonly reports: readonly DivergenceReport[] }): JSX.Element {
  return (
    <section class="part">
      <h3>Divergences</h3>
      {reports.length === 0 ? (
        <Empty title="None">
          What this process and the shared store hold differently after an outage is listed here, with what
          became of it.
        </Empty>
      ) : (
        reports.map((report, index) => <Recovery key={`${textOf(report.at)}-${index}`} report={report} />)
      )}
    </section>
  );
}

function Recovery({
  report: { at, total, counts = {}, divergences = [] },
}: {
  readonly report: DivergenceReport;
}): JSX.Element {
  return (
    <details class="fold">
      <summary>
        Recovery <When at={at} />: <Figure of={total} /> differed: <Tally of={counts} noun="feature" />
      </summary>
      <Table kind="signed" columns={["Feature", "Key", "Here", "Shared", "Holds now"]}>
        {divergences.slice(0, SHOWN).map((each, index) => (
          <Line key={index} of={each} />
        ))}
      </Table>
      {divergences.length > SHOWN && <p class="muted">and more: the first {SHOWN} are shown</p>}
    </details>
  );
}

function Line({ of: { feature, key, local, shared, merged } }: { readonly of: Divergence }): JSX.Element {
  const sides = { Here: local, Shared: shared, "Holds now": merged };
  return (
    <tr>
      <td>
        <Value of={feature} longest={80} />
      </td>
      <th scope="row" class="name">
        <Value of={key} longest={160} />
      </th>
      {Object.entries(sides).map(([label, value]) => (
        <td key={label} data-label={label}>
          <Value of={value} longest={160} />
        </td>
      ))}
    </tr>
  );
}
