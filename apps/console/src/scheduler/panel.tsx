import type { JSX } from "preact";
import type { JobRow } from "../api/types.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Table } from "../parts/table.js";
import { Blank, Figure, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { numberOf, span } from "../text/format.js";

export function SchedulerPanel(): JSX.Element {
  const { scheduler } = useConsole().sources.always;
  const reading = useSource(scheduler);
  return (
    <Block source={scheduler} reading={reading}>
      {({ jobs }) => (jobs.length === 0 ? <Empty title="No job is scheduled" /> : <Jobs jobs={jobs} />)}
    </Block>
  );
}

function Jobs({ jobs }: { readonly jobs: readonly JobRow[] }): JSX.Element {
  return (
    <Table columns={["Job", "Runs every", "Last run", "Next run", "#Runs", "#Errors"]}>
      {jobs.map((job) => (
        <Line key={job.name} job={job} />
      ))}
    </Table>
  );
}

function Line({ job }: { readonly job: JobRow }): JSX.Element {
  const { name, runs, errors, lastRunAt, nextRunAt, lastError, running, enabled } = job;
  return (
    <tr>
      <th scope="row" class="name">
        <Value of={name} longest={80} /> {running === true && <Badge>running</Badge>}
        {enabled === false && <Badge>disabled</Badge>}
        {lastError !== undefined && (
          <span class="sub bad">
            <Value of={lastError} longest={300} />
          </span>
        )}
      </th>
      <td data-label="Runs every">
        <Rhythm job={job} />
      </td>
      <td data-label="Last run">
        {lastRunAt === undefined ? <span class="muted">not yet</span> : <When at={lastRunAt} />}
      </td>
      <td data-label="Next run">
        <When at={nextRunAt} />
      </td>
      <td class="numeric" data-label="Runs">
        <Figure of={runs} />
      </td>
      <td class="numeric" data-label="Errors">
        <Figure of={errors} />
      </td>
    </tr>
  );
}

function Rhythm({ job: { every, dailyAt } }: { readonly job: JobRow }): JSX.Element {
  const interval = numberOf(every);
  if (interval !== undefined) return <>{span(interval)}</>;
  if (dailyAt === undefined) return <Blank />;
  const [hour, minute] = [dailyAt.hour, dailyAt.minute].map((part) =>
    String(numberOf(part) ?? "?").padStart(2, "0"),
  );
  return (
    <>
      day, at {hour}:{minute}
    </>
  );
}
