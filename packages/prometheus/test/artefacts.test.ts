import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** Of the reference page, which is generated apart from what is checked here: name, kind and labels of every metric. */
const metrics = new Map(
  [...read("../../docs/metrics.md").matchAll(/^\| `(\w+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, name = "", kind = "", labels = ""]) =>
      [name, { kind, labels: [...labels.matchAll(/`(\w+)/g)].map(([, label]) => label) }] as const,
  ),
);

/** Metrics of an expression, with what is done to them and the labels that are asked of them. */
function* used(expr: string) {
  for (const [, before = "", name = "", suffix = "", filter = ""] of expr.matchAll(
    /(\w*)\(?\b(baldur_\w+?)(_bucket)?(?:\{([^}]*)\})?(?=[[\s)]|$)/g,
  )) {
    const labels = [...filter.matchAll(/(\w+)=/g)].map(([, label]) => label);
    yield { name, before, suffix, labels };
  }
}

function problem(expr: string): string | undefined {
  const found = [...used(expr)];
  if (found.length === 0) return `no metric in ${expr}`;
  for (const { name, before, suffix, labels } of found) {
    const metric = metrics.get(name);
    if (metric === undefined) return `${name} is not declared`;
    if (suffix === "_bucket" && metric.kind !== "histogram") return `${name} is no histogram`;
    if (["rate", "increase"].includes(before) && metric.kind === "gauge") return `${name} is a gauge`;
    const known = [...metric.labels, "job", "instance", "le"];
    const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, by = ""]) => by.split(", "));
    const unknown = [...labels, ...grouped].find((label) => !known.includes(label));
    if (unknown !== undefined) return `${name} has no label ${unknown}`;
  }
  return undefined;
}

/** A text of the rules: in double quotes it is one of JSON's, in single quotes nothing is escaped. */
function textOf(key: string, rule: string): string {
  const [, text = '""'] = new RegExp(`${key}: (.*)`).exec(rule) ?? [];
  return text.startsWith("'") ? text.slice(1, -1) : (JSON.parse(text) as string);
}

it("no metric takes a name that another writes its lines under", () => {
  const suffixes = { counter: ["", "_total"], gauge: [""], histogram: ["", "_bucket", "_sum", "_count"] };
  const names = [...metrics].flatMap(([name, { kind }]) => {
    const stem = kind === "counter" ? name.replace(/_total$/, "") : name;
    return suffixes[kind as keyof typeof suffixes].map((suffix) => stem + suffix);
  });
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe("the alert rules", () => {
  const rules = read("rules/baldur.yml")
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((text) => ({
      alert: text.slice(0, text.indexOf("\n")),
      expr: textOf("expr", text),
      runbook: textOf("runbook", text),
      severity: /severity: (\w+)/.exec(text)?.[1],
    }));

  it("are about what means something", () => {
    expect(rules.map(({ alert }) => alert)).toEqual(
      expect.arrayContaining([
        ...["BaldurCircuitOpen", "BaldurDeadLettersGrowing", "BaldurStorageDegraded"],
        ...["BaldurDrainStuck", "BaldurLicenceEnding", "BaldurKillSwitchOff"],
      ]),
    );
  });

  it.each(rules)("[BUG] measured the wrong series: $alert asks for what there is", ({ expr }) =>
    expect(problem(expr)).toBeUndefined(),
  );

  it.each(rules)("say what to do, and how bad it is: $alert", ({ runbook, severity }) => {
    expect(runbook.length).toBeGreaterThan(40);
    expect(["critical", "warning", "info"]).toContain(severity);
  });
});

describe("the dashboard", () => {
  interface Panel {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly targets?: readonly { readonly expr: string }[];
    readonly panels?: readonly Panel[];
  }
  const { panels } = JSON.parse(read("grafana/baldur.json")) as { panels: readonly Panel[] };
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);

  it("asks for what there is", () => {
    // What stands in where there are no series is grouped by itself.
    const asked = all.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => expr.split(" or 0 * ")));
    const problems = asked.flatMap((expr) => problem(expr) ?? []);
    expect(problems).toEqual([]);
  });

  it("shows the state of things as it is now, and not the last that was known of it", () => {
    const stats = panels.filter(({ type }) => type === "stat");
    expect(stats.length).toBeGreaterThan(4);
    for (const { targets } of stats) expect(targets).toMatchObject([{ instant: true, range: false }]);
  });

  it("has a panel for every metric, each once", () => {
    const titles = all.map(({ title }) => title);
    for (const name of metrics.keys())
      expect(titles.filter((title) => `baldur_${title}` === name)).toHaveLength(1);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });
});
