import type { JSX } from "preact";
import type { SummaryAnswer } from "../api/types.js";
import { When } from "../parts/age.js";
import { Block } from "../parts/block.js";
import { Tile, Tiles, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { some } from "../state/standing.js";
import { textOf } from "../text/clean.js";

export function SummaryPanel(): JSX.Element {
  const { summary } = useConsole().sources;
  const reading = useSource(summary);
  return (
    <Block source={summary} reading={reading}>
      {(answer) => <Summary of={answer} />}
    </Block>
  );
}

function Summary({ of }: { readonly of: SummaryAnswer }): JSX.Element {
  const {
    overview = {},
    recent_activity: recent = {},
    recommendations = [],
    degraded_sources: degraded = [],
  } = of;
  const unread = degraded
    .map(textOf)
    .filter((name) => name !== "recent_activity" || recent.since === undefined);
  return (
    <>
      <p>
        The dead letters' verdict is <Value of={of.health_status} longest={40} />.
        {unread.length > 0 && <> It leaves out what could not be read: {some(unread)}.</>}
        {recent.since !== undefined && (
          <>
            {" "}
            What is new and was resolved is counted by this process alone, since it began{" "}
            <When at={recent.since} />.
          </>
        )}
      </p>
      <Tiles>
        <Tile of={overview.pending} label="pending" />
        <Tile of={overview.failed} label="failed" />
        <Tile of={overview.resolved} label="resolved" />
        <Tile of={recent.new_in_24h} label="new in 24 h" />
        <Tile of={recent.resolved_in_24h} label="resolved in 24 h" />
        <Tile of={recent.new_in_7d} label="new in 7 days" />
        <Tile of={recent.resolved_in_7d} label="resolved in 7 days" />
      </Tiles>
      {recommendations.length > 0 && (
        <ul class="list">
          {recommendations.map((each, index) => (
            <li key={index}>
              <Value of={each} longest={400} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
