import type { JSX } from "preact";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Table } from "../parts/table.js";
import { Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { gradeOfHealth } from "./assess.js";

export function HealthPanel(): JSX.Element {
  const { health } = useConsole().sources.always;
  const reading = useSource(health);
  return (
    <Block source={health} reading={reading}>
      {({ checks = {} }) => <Checks checks={checks} />}
    </Block>
  );
}

type Checks = Readonly<Record<string, { readonly status?: string; readonly detail?: string }>>;

function Checks({ checks }: { readonly checks: Checks }): JSX.Element {
  const entries = Object.entries(checks);
  if (entries.length === 0) return <Empty title="No check was reported" />;
  return (
    <Table kind="signed" columns={["State", "Check", "What it says"]}>
      {entries.map(([name, check]) => (
        <tr key={name}>
          <td>
            <Badge grade={gradeOfHealth(check?.status)}>
              <Value of={check?.status ?? "not reported"} longest={40} />
            </Badge>
          </td>
          <th scope="row" class="name">
            <Value of={name} longest={120} />
          </th>
          <td>
            <Value of={check?.detail} longest={400} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
