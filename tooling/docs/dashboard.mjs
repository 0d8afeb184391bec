import { Queries } from "./promql.mjs";

const FILTER = 'job=~"$job",instance=~"$instance"';
const RANGE = "$__rate_interval";
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the dashboard
const SOURCE = { type: "prometheus", uid: "${datasource}" };
const WIDTH = 24;
const PANEL = { w: 8, h: 7 };
const VERDICT = { w: 4, h: 4 };
const QUANTILES = [0.5, 0.95, 0.99];

/** Rows by what the names begin with, in this order; what is in none has a row of its own by its first word. */
const ROWS = [
  ["Calls", ["protect", "retry", "idempotency"]],
  ["Circuits", ["circuit"]],
  ["Dead letters", ["dlq", "replay"]],
  ["HTTP", ["http"]],
  ["Rate limits", ["rate", "ratelimit"]],
  ["Shared state", ["resilient", "redis", "sql", "wal"]],
  ["Control, licence and drain", ["system", "entitlement", "shutdown"]],
  ["Health", ["health", "cache", "precomputed"]],
  ["Baldur itself", ["up", "metrics", "telemetry", "label", "journal", "scheduler", "leader", "admin"]],
];

/** What is looked at first: the state of things, in words where there are words. */
function verdicts(query) {
  const worst = (name) => query.by("max", name, [], query.gauge(name));
  const least = (name) => query.by("min", name, [], query.gauge(name));
  const state = "baldur_circuit_breaker_state";
  const pending = "baldur_dlq_pending_count";
  const [good, bad, warn] = ["green", "red", "orange"];
  return [
    stat("Circuits not closed", `count(${query.gauge(state)} > 0) or 0 * count(${query.gauge(state)})`, {
      colours: [good, [1, bad]],
    }),
    stat("Kill switch", least("baldur_system_control_enabled"), {
      words: { 0: ["off: no protection", bad], 1: ["on", good] },
    }),
    stat("Dry run", worst("baldur_system_control_dry_run"), {
      words: { 0: ["no", good], 1: ["yes: nothing is refused", warn] },
    }),
    stat(
      "Dead letters that wait",
      `${query.by("sum", pending, [], query.by("max", pending, ["domain"], query.gauge(pending)))} or 0 * ${worst("baldur_dlq_size_ratio")}`,
      {
        colours: [good, [1, warn]],
      },
    ),
    stat("Shared state", worst("baldur_resilient_storage_degraded"), {
      words: { 0: ["shared", good], 1: ["each on its own", bad] },
    }),
    stat("Licence ends in days", least("baldur_entitlement_expiry_days"), {
      colours: [bad, [1, warn], [15, good]],
    }),
  ];
}

function stat(title, expr, { words = {}, colours = ["green"] }) {
  const [base, ...steps] = colours;
  const thresholds = [{ color: base, value: null }, ...steps.map(([value, color]) => ({ color, value }))];
  const options = Object.entries(words).map(([value, [text, color]]) => [value, { text, color }]);
  return {
    type: "stat",
    title,
    description: "Absent where nothing tells: not the same as good.",
    datasource: SOURCE,
    // As it is now: over a stretch of time the last value of a series that has ended would be shown.
    targets: [{ ...target(expr), instant: true, range: false }],
    fieldConfig: {
      defaults: {
        mappings: options.length === 0 ? [] : [{ type: "value", options: Object.fromEntries(options) }],
        thresholds: { mode: "absolute", steps: thresholds },
        noValue: "unknown",
      },
      overrides: [],
    },
    options: { colorMode: "background", graphMode: "none", reduceOptions: { calcs: ["lastNotNull"] } },
  };
}

/** A panel for a declared metric: counters per second, histograms by quantile, gauges as they say that they add up. */
function panel(metric, query) {
  return {
    type: "timeseries",
    title: metric.name.replace(/^baldur_/, ""),
    description: metric.help,
    datasource: SOURCE,
    targets: targets(metric, query),
    fieldConfig: {
      defaults: {
        unit: unit(metric),
        min: metric.signed ? undefined : 0,
        custom: { fillOpacity: 5, spanNulls: false },
      },
      overrides: [],
    },
    options: {
      legend: { displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
}

function targets({ name, kind, labels, across }, query) {
  const legend = labels.map((label) => `{{${label}}}`).join(" ");
  if (kind === "counter") return [target(query.by("sum", name, labels, query.rate(name, RANGE)), legend)];
  if (kind === "histogram") {
    const shown = labels.slice(0, 1);
    const own = shown.map((label) => ` {{${label}}}`).join("");
    return QUANTILES.map((share) =>
      target(query.quantile(share, name, shown, RANGE), `p${share * 100}${own}`),
    );
  }
  const aggregation = typeof across === "string" ? across : "max";
  return [target(query.by(aggregation, name, labels, query.gauge(name)), legend)];
}

function target(expr, legend = "") {
  return { expr, legendFormat: legend === "" ? "__auto" : legend, datasource: SOURCE };
}

function unit({ name, kind }) {
  if (/_seconds$/.test(name)) return "s";
  if (/_bytes$/.test(name)) return "bytes";
  if (/_ratio$/.test(name)) return "percentunit";
  if (/_days$/.test(name)) return "d";
  return kind === "counter" ? "cps" : "short";
}

function rowOf({ name }) {
  const [word] = name.replace(/^baldur_/, "").split("_");
  return ROWS.find(([, words]) => words.includes(word))?.[0] ?? `${word[0].toUpperCase()}${word.slice(1)}`;
}

function arranged(panels, { w, h }, top) {
  const columns = WIDTH / w;
  return panels.map((one, index) => ({
    ...one,
    gridPos: { x: (index % columns) * w, y: top + Math.floor(index / columns) * h, w, h },
  }));
}

/** The first two rows are open; the others ask Prometheus for nothing until they are opened. */
function rows(metrics, query) {
  const byRow = grouped(metrics);
  const names = [...new Set([...ROWS.map(([name]) => name), ...byRow.keys()])].filter((name) =>
    byRow.has(name),
  );
  let top = VERDICT.h;
  return names.flatMap((title, index) => {
    const collapsed = index > 1;
    const panels = arranged(
      byRow.get(title).map((metric) => panel(metric, query)),
      PANEL,
      top + 1,
    );
    const row = {
      type: "row",
      title,
      collapsed,
      gridPos: { x: 0, y: top, w: WIDTH, h: 1 },
      panels: collapsed ? panels : [],
    };
    top += 1 + (collapsed ? 0 : Math.ceil(panels.length / (WIDTH / PANEL.w)) * PANEL.h);
    return collapsed ? [row] : [row, ...panels];
  });
}

function grouped(metrics) {
  const groups = new Map();
  for (const metric of metrics) groups.set(rowOf(metric), [...(groups.get(rowOf(metric)) ?? []), metric]);
  return groups;
}

function variable(name, label, query) {
  return {
    ...{ name, label, type: "query", datasource: SOURCE, query: { query, refId: name }, definition: query },
    ...{
      includeAll: true,
      allValue: ".*",
      multi: true,
      refresh: 2,
      sort: 1,
      current: { text: "All", value: "$__all" },
    },
  };
}

/** The dashboard, to be imported in Grafana 10 or later. */
export function dashboardFile(metrics) {
  const query = new Queries(metrics, FILTER);
  const sorted = metrics.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const panels = [...arranged(verdicts(query), VERDICT, 0), ...rows(sorted, query)];
  let id = 0;
  const numbered = (one) => ({ id: ++id, ...one, ...(one.panels && { panels: one.panels.map(numbered) }) });
  const dashboard = {
    uid: "baldur",
    title: "Baldur",
    description: "Generated from the declarations of all packages by `npm run docs`; do not edit.",
    tags: ["baldur"],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    templating: {
      list: [
        { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", current: {} },
        variable("job", "Job", "label_values(baldur_up, job)"),
        variable("instance", "Instance", 'label_values(baldur_up{job=~"$job"}, instance)'),
      ],
    },
    panels: panels.map(numbered),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}
