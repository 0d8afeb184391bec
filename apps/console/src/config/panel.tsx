import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { SettingRow } from "../api/types.js";
import { Block, Empty } from "../parts/block.js";
import { Filter, Segments } from "../parts/fields.js";
import { Pager } from "../parts/pager.js";
import { Table } from "../parts/table.js";
import { Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { entryOf } from "../state/shape.js";
import { brief, textOf } from "../text/clean.js";

const PER_PAGE = 40;
const WHICH = [
  { value: "", label: "All" },
  { value: "changed", label: "Set by someone" },
];

export function ConfigPanel(): JSX.Element {
  const { config } = useConsole().sources;
  const reading = useSource(config);
  return (
    <Block source={config} reading={reading}>
      {(settings) => <Settings settings={settings} />}
    </Block>
  );
}

function Settings({ settings }: { readonly settings: readonly SettingRow[] }): JSX.Element {
  const [text, setText] = useState("");
  const [which, setWhich] = useState("");
  const [page, setPage] = useState(0);
  const found = useMemo(() => narrowed(settings, text, which), [settings, text, which]);
  const shown = Math.min(page, Math.max(0, Math.ceil(found.length / PER_PAGE) - 1));
  const rows = found.slice(shown * PER_PAGE, (shown + 1) * PER_PAGE);
  const narrow = (apply: () => void): void => {
    apply();
    setPage(0);
  };
  return (
    <>
      <div class="toolbar">
        <Filter label="Filter settings" value={text} onInput={(value) => narrow(() => setText(value))} />
        <Segments
          label="Which"
          value={which}
          choices={WHICH}
          onChange={(value) => narrow(() => setWhich(value))}
        />
      </div>
      {rows.length === 0 ? <Empty title="No setting matches" /> : <SettingTable rows={rows} />}
      <Pager
        noun="setting"
        first={shown * PER_PAGE + 1}
        shown={rows.length}
        total={found.length}
        onPrevious={shown > 0 ? () => setPage(shown - 1) : undefined}
        onNext={(shown + 1) * PER_PAGE < found.length ? () => setPage(shown + 1) : undefined}
      />
    </>
  );
}

function narrowed(settings: readonly SettingRow[], text: string, which: string): readonly SettingRow[] {
  const words = text.trim().toLowerCase();
  return settings.filter((setting) => {
    const { area, key, variable, help } = setting;
    const says = [area, key, variable, help].some((part) => textOf(part).toLowerCase().includes(words));
    return says && (which === "" || isChanged(setting));
  });
}

const isChanged = ({ source }: SettingRow): boolean => source !== undefined && source !== "default";

function SettingTable({ rows }: { readonly rows: readonly SettingRow[] }): JSX.Element {
  return (
    <Table kind="settings" columns={["Setting", "Value", "From"]}>
      {rows.map((row) => (
        <Line key={`${row.area}.${row.key}`} row={row} />
      ))}
    </Table>
  );
}

function Line({ row }: { readonly row: SettingRow }): JSX.Element {
  const { area, key, variable, source, help } = row;
  return (
    <tr>
      <th scope="row" class="name">
        <code>
          <Value of={variable ?? `${area}.${key}`} longest={120} />
        </code>
        <span class="sub">
          <Value of={help} longest={300} />
        </span>
      </th>
      <td data-label="Value">
        <SettingValue row={row} />
      </td>
      <td data-label="From">
        {isChanged(row) ? <strong>{brief(source, 40)}</strong> : <Value of={source} longest={40} />}
      </td>
    </tr>
  );
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Durations are milliseconds, and their variables have units of their own: shown is what one would write there. */
function inUnit(value: unknown, unit: unknown): unknown {
  const factor = entryOf(MILLISECONDS, unit);
  return factor === undefined || typeof value !== "number" ? value : `${value / factor} ${unit}`;
}

function SettingValue({ row: { value, unit, secret, set } }: { readonly row: SettingRow }): JSX.Element {
  if (secret === true) return <span class="muted">{set === true ? "set, and kept secret" : "not set"}</span>;
  if (value === undefined || value === null || value === "") return <span class="muted">not set</span>;
  return (
    <code>
      <bdi>{brief(inUnit(value, unit), 160)}</bdi>
    </code>
  );
}
