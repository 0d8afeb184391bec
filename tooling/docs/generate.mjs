// Writes the reference pages, the dashboard and the alert rules from what the packages declare, or, with --check, fails where a page says something else.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rulesFile } from "./alerts.mjs";
import { dashboardFile } from "./dashboard.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const COMMAND = "npm run docs";
const NOTHING = "–";
const MILLISECONDS = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Of every package that declares anything, core first: each declaration with the packages that it comes from. */
async function declared() {
  const folders = readdirSync(join(root, "packages")).toSorted();
  const others = folders.filter((folder) => folder !== "core");
  const found = [await ofPackage("core", "plugin.js")];
  for (const folder of others) found.push(await ofPackage(folder, "index.js"));
  const kinds = { errors: "code", settings: "area", events: "name", metrics: "name" };
  const of = ([kind, key]) => [
    kind,
    merged(
      found.map(({ name, declarations }) => [name, declarations[kind]]),
      key,
    ),
  ];
  return Object.fromEntries(Object.entries(kinds).map(of));
}

async function ofPackage(folder, entry) {
  const path = join(root, "packages", folder);
  const built = join(path, "dist", entry);
  if (!existsSync(built)) throw new Error(`packages/${folder} is not built; run npm run build`);
  const { name } = JSON.parse(readFileSync(join(path, "package.json"), "utf8"));
  const { declarations } = await import(pathToFileURL(built).href);
  return { name, declarations: declarations?.() ?? {} };
}

/** Packages may share a declaration. Two of one name would be one in a log, in a chart and in the environment. */
function merged(lists, key) {
  const packages = new Map();
  for (const [name, list = []] of lists)
    for (const declaration of list) packages.set(declaration, [...(packages.get(declaration) ?? []), name]);
  const all = [...packages].map(([declaration, names]) => ({
    ...declaration,
    packages: names.map(code).join(", "),
  }));
  const names = all.map((declaration) => declaration[key]);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`there are two declarations of ${twice}`);
  return all;
}

function page(title, introduction, body) {
  return `# ${title}\n\nGenerated from the declarations by \`${COMMAND}\`; do not edit.\n${introduction}\n\n${body}\n`;
}

function table(head, rows) {
  if (rows.length === 0) throw new Error(`nothing is declared for the table of ${head.join(", ")}`);
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** Text that stays within its cell. */
function cell(text) {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;");
}

function code(value) {
  return `\`${cell(String(value))}\``.replaceAll("&lt;", "<");
}

function meaning(name, help) {
  if (typeof help !== "string" || help === "") throw new Error(`${name} says nothing about its meaning`);
  return cell(help);
}

/** By code unit, so that no locale changes the order. */
function sorted(values, key) {
  return values.toSorted((a, b) => (a[key] < b[key] ? -1 : Number(a[key] > b[key])));
}

function settingsPage({ settings }) {
  const introduction =
    "A variable with a unit is a plain number of that unit; the option of the same setting is in milliseconds.\n" +
    "Where both are shown, the variable's value comes first.";
  return page("Settings", introduction, settings.map(area).join("\n\n"));
}

function area({ area: key, help, fields, packages }) {
  const head = ["Variable", "Option", "Type", "Default", "Bounds", "Meaning"];
  const rows = Object.entries(fields).map(([option, field]) => setting(`${key}.${option}`, field));
  return `## ${key}\n\n${meaning(key, help)}\nPackage: ${packages}.\n\n${table(head, rows)}`;
}

function setting(option, field) {
  return [
    code(field.variable),
    code(option),
    type(field),
    defaultOf(field),
    bounds(field),
    meaning(field.variable, field.help),
  ];
}

function type({ type, unit, secret }) {
  const named = isScaled(unit) ? `${type}, ${unit} (option: ms)` : type;
  const full = unit === "ms" ? `${named}, ms` : named;
  return cell(secret ? `${full}, secret` : full);
}

function defaultOf({ default: value, unit, secret }) {
  if (value === undefined) return NOTHING;
  if (secret) return "hidden";
  return typeof value === "number" ? inBoth(unit, (scale) => code(value / scale)) : code(written(value));
}

function written(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function bounds({ min, max, unit }) {
  if (min === undefined && max === undefined) return NOTHING;
  return inBoth(unit, (scale) =>
    range(min === undefined ? min : min / scale, max === undefined ? max : max / scale),
  );
}

function range(min, max) {
  if (min === undefined) return `≤ ${max}`;
  return max === undefined ? `≥ ${min}` : `${min} to ${max}`;
}

/** A value as the variable has it and, where that differs, as the option has it. */
function inBoth(unit, show) {
  return isScaled(unit) ? `${show(MILLISECONDS[unit])} (option: ${show(1)})` : show(1);
}

function isScaled(unit) {
  return unit !== undefined && unit !== "ms";
}

function eventsPage({ events }) {
  const rows = sorted(events, "name").map((event) => [
    code(event.name),
    event.always ? `${event.level}, always printed` : event.level,
    event.journal ? "yes" : "no",
    event.packages,
    meaning(event.name, event.help),
  ]);
  const introduction = "An event with a journal entry is kept in the journal, where there is one.";
  return page("Events", introduction, table(["Name", "Level", "Journal", "Package", "Meaning"], rows));
}

function metricsPage({ metrics }) {
  const rows = sorted(metrics, "name").map((metric) => [
    code(metric.name),
    metric.kind,
    labels(metric),
    metric.packages,
    meaning(metric.name, metric.help),
  ]);
  const introduction = "A label that is shown with a value has that value on every series.";
  return page("Metrics", introduction, table(["Name", "Type", "Labels", "Package", "Meaning"], rows));
}

function labels({ labels, constant }) {
  const fixed = Object.entries(constant).map(([name, value]) => `${name}="${value}"`);
  return [...labels, ...fixed].map(code).join(", ") || NOTHING;
}

function errorsPage({ errors }) {
  const rows = sorted(errors, "code").map((error) => [
    code(error.code),
    code(error.name),
    code(error.base),
    error.packages,
    meaning(error.code, error.help),
  ]);
  const introduction =
    "Every error has `code`, `retryable` and `context()`; `isBaldurError(error, code)` tells them apart.";
  return page("Errors", introduction, table(["Code", "Class", "Extends", "Package", "Meaning"], rows));
}

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Line ends are a checkout's affair. */
function matches(path, text) {
  return existsSync(path) && readFileSync(path, "utf8").replaceAll("\r\n", "\n") === text;
}

const declarations = await declared();
const pages = {
  "docs/settings.md": settingsPage(declarations),
  "docs/events.md": eventsPage(declarations),
  "docs/metrics.md": metricsPage(declarations),
  "docs/errors.md": errorsPage(declarations),
  "packages/prometheus/grafana/baldur.json": dashboardFile(declarations.metrics),
  "packages/prometheus/rules/baldur.yml": rulesFile(declarations.metrics),
};
const isCheck = process.argv.includes("--check");
const stale = Object.entries(pages).filter(([file, text]) => !matches(join(root, file), text));
for (const [file, text] of stale) {
  if (isCheck) process.stderr.write(`${file} is not what the declarations say; run ${COMMAND}\n`);
  else write(join(root, file), text);
}
process.stdout.write(
  `${Object.keys(pages).length} pages, ${stale.length} ${isCheck ? "stale" : "written"}\n`,
);
process.exitCode = isCheck && stale.length > 0 ? 1 : 0;
