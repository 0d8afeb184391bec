import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { QueueStats } from "../api/types.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block } from "../parts/block.js";
import { Blank, Fact, Facts, Figure } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { linkWords } from "./assess.js";
import { BatchButtons } from "./batch.js";
import { Narrow } from "./narrow.js";
import type { Narrowing } from "./query.js";
import { EntryTable } from "./table.js";

const ALL: Narrowing = { status: "", domain: "", name: "" };

export function DeadLettersPanel(): JSX.Element {
  const [narrowing, setNarrowing] = useState(ALL);
  const { queue } = useConsole().sources.always;
  const reading = useSource(queue);
  return (
    <>
      <Block source={queue} reading={reading}>
        {(stats) => <Stats stats={stats} />}
      </Block>
      <Narrow narrowing={narrowing} onChange={setNarrowing} />
      <EntryTable key={JSON.stringify(narrowing)} narrowing={narrowing} onWiden={() => setNarrowing(ALL)} />
      <BatchButtons narrowing={narrowing} />
    </>
  );
}

function Stats({
  stats: { open, total, oldestOpenAt, outbox, arming },
}: {
  readonly stats: QueueStats;
}): JSX.Element {
  return (
    <Facts>
      <Fact label="Open">
        <Figure of={open} /> of <Figure of={total} /> kept
      </Fact>
      {oldestOpenAt !== undefined && (
        <Fact label="Oldest open">
          <When at={oldestOpenAt} />
        </Fact>
      )}
      <Fact label="Automatic">
        <Armed arming={arming} />
      </Fact>
      <Fact label="Not stored yet">
        <Figure of={outbox?.size} />
      </Fact>
    </Facts>
  );
}

function Armed({ arming }: { readonly arming: QueueStats["arming"] }): JSX.Element {
  if (arming === undefined) return <Blank />;
  if (arming.armed === true) return <Badge grade="good">Replayed by themselves</Badge>;
  if (arming.armed === null || arming.armed === undefined) return <Badge grade="unknown">Not known</Badge>;
  const links = arming.missingLinks ?? [arming.missingLink];
  return (
    <>
      <Badge grade="warn">Not replayed</Badge> {links.map(linkWords).join("; ")}
    </>
  );
}
