import type { JSX } from "preact";
import type { CircuitRow } from "../api/types.js";
import { Happened } from "../journal/happened.js";
import { ActionButtons } from "../parts/action-buttons.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Dialog } from "../parts/dialog.js";
import { Fact, Facts, Figure, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { circuitAction, verbsFor } from "./actions.js";
import { wordsOf } from "./states.js";
import { CallWindow } from "./window.js";

interface CircuitDetailProps {
  readonly name: string;
  readonly onClose: () => void;
}

/** All about one circuit, and what can be done to it. */
export function CircuitDetail({ name, onClose }: CircuitDetailProps): JSX.Element {
  const { circuits: source } = useConsole().sources.always;
  const reading = useSource(source);
  return (
    <Dialog title={<Value of={name} longest={160} />} kind="side" onClose={onClose}>
      <Block source={source} reading={reading}>
        {(circuits) => {
          const row = circuits.find((circuit) => circuit.name === name);
          return row === undefined ? (
            <Empty title="This circuit is not there any more" />
          ) : (
            <Detail row={row} />
          );
        }}
      </Block>
    </Dialog>
  );
}

function Detail({ row }: { readonly row: CircuitRow }): JSX.Element {
  const { grade, label } = wordsOf(row.state);
  return (
    <>
      <Actions row={row} />
      <Facts>
        <Fact label="State">
          <Badge grade={grade}>{label}</Badge> <When at={row.since} />
        </Fact>
        {row.openUntil !== undefined && (
          <Fact label="Tried again">
            <When at={row.openUntil} />
          </Fact>
        )}
        <Fact label="Window">
          <CallWindow of={row.window} />
        </Fact>
        <Fact label="Last failure">
          <When at={row.lastFailureAt} />
        </Fact>
        <Fact label="Probes">
          <Figure of={row.probes?.live} /> of <Figure of={row.probes?.limit} /> under way,{" "}
          <Figure of={row.probes?.successes} /> succeeded
        </Fact>
        {row.fleet !== undefined && (
          <Fact label="Fleet">
            <Figure of={row.fleet.votes} /> opened it by themselves; <Figure of={row.fleet.quorum} /> open it
            for all
          </Fact>
        )}
        <Fact label="Changes of state">
          <Figure of={row.generation} />
        </Fact>
        {row.manual !== undefined && <Pin manual={row.manual} />}
      </Facts>
      <Happened about={row.name} />
    </>
  );
}

function Pin({ manual }: { readonly manual: NonNullable<CircuitRow["manual"]> }): JSX.Element {
  return (
    <>
      <Fact label="Pinned by">
        <Value of={manual.actor} />
      </Fact>
      <Fact label="Reason">
        <Value of={manual.reason} />
      </Fact>
      <Fact label="Pin ends">
        {manual.until === undefined ? "when it is lifted" : <When at={manual.until} />}
      </Fact>
    </>
  );
}

function Actions({ row }: { readonly row: CircuitRow }): JSX.Element {
  const { api, sources } = useConsole();
  const { circuits } = sources.always;
  return (
    <ActionButtons actions={verbsFor(row).map((verb) => circuitAction(verb, row.name, api, circuits))} />
  );
}
