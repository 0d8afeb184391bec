import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { CircuitRow } from "../api/types.js";
import { Block, Empty } from "../parts/block.js";
import { Filter, Segments } from "../parts/fields.js";
import { Pager } from "../parts/pager.js";
import { useConsole, useSource } from "../state/console.js";
import { GROUPS } from "./states.js";
import { CircuitTable } from "./table.js";

const PER_PAGE = 25;

export function CircuitsPanel(): JSX.Element {
  const { circuits: source } = useConsole().sources.always;
  const reading = useSource(source);
  return (
    <Block source={source} reading={reading}>
      {(circuits) => (circuits.length === 0 ? <NoCircuits /> : <Circuits circuits={circuits} />)}
    </Block>
  );
}

function NoCircuits(): JSX.Element {
  return (
    <Empty title="No circuit yet">
      A circuit is made by its first call: <code>protect("payments", () =&gt; charge(order))</code>
    </Empty>
  );
}

function Circuits({ circuits }: { readonly circuits: readonly CircuitRow[] }): JSX.Element {
  const [text, setText] = useState("");
  const [group, setGroup] = useState("");
  const [page, setPage] = useState(0);
  const found = useMemo(() => narrowed(circuits, text, group), [circuits, text, group]);
  const last = Math.max(0, Math.ceil(found.length / PER_PAGE) - 1);
  const shown = Math.min(page, last);
  const rows = found.slice(shown * PER_PAGE, (shown + 1) * PER_PAGE);
  const narrow = (apply: () => void): void => {
    apply();
    setPage(0);
  };
  return (
    <>
      <div class="toolbar">
        <Filter
          label="Filter circuits by name"
          value={text}
          onInput={(value) => narrow(() => setText(value))}
        />
        <Segments
          label="State"
          value={group}
          choices={choices(circuits)}
          onChange={(value) => narrow(() => setGroup(value))}
        />
      </div>
      {rows.length > 0 ? <CircuitTable rows={rows} /> : <Empty title="No circuit matches" />}
      <Pager
        noun="circuit"
        first={shown * PER_PAGE + 1}
        shown={rows.length}
        total={found.length}
        onPrevious={shown > 0 ? () => setPage(shown - 1) : undefined}
        onNext={shown < last ? () => setPage(shown + 1) : undefined}
      />
    </>
  );
}

function narrowed(circuits: readonly CircuitRow[], text: string, group: string): readonly CircuitRow[] {
  const words = text.trim().toLowerCase();
  const has = GROUPS.find(({ value }) => value === group)?.has ?? (() => true);
  return circuits.filter((circuit) => has(circuit) && circuit.name.toLowerCase().includes(words));
}

function choices(circuits: readonly CircuitRow[]): { value: string; label: string }[] {
  return GROUPS.map(({ value, label, has }) => ({ value, label: `${label} ${circuits.filter(has).length}` }));
}
