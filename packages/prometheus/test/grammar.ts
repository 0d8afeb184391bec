// The rules of the two formats, as their texts state them: what breaks one is refused, as Prometheus refuses it.

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: string;
}

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]Inf)$/i;
const TYPES = ["counter", "gauge", "histogram", "summary", "untyped", "unknown"];
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [""],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["", "_sum", "_count"],
};

class Line {
  #at = 0;
  constructor(private readonly text: string) {}
  take(expected: string): void {
    if (!this.text.startsWith(expected, this.#at)) throw this.error(`expected ${JSON.stringify(expected)}`);
    this.#at += expected.length;
  }
  match(pattern: RegExp, what: string): string {
    const [found] = pattern.exec(this.text.slice(this.#at)) ?? [];
    if (found === undefined) throw this.error(`expected ${what}`);
    this.#at += found.length;
    return found;
  }
  sees(text: string): boolean {
    return this.text.startsWith(text, this.#at);
  }
  get rest(): string {
    return this.text.slice(this.#at);
  }
  error(problem: string): Error {
    return new Error(`${problem} at ${this.#at} of: ${this.text}`);
  }
}

/** Parses a page, or throws for the first rule that it breaks. */
export function parse(page: string, openMetrics = false): Map<string, ParsedFamily> {
  if (page !== "" && !page.endsWith("\n")) throw new Error("the last line must end with a line feed");
  const lines = page.split("\n").slice(0, -1);
  if (openMetrics && lines.pop() !== "# EOF") throw new Error("the last line must be # EOF");
  const families = new Map<string, ParsedFamily>();
  let current: { name: string; type?: string; help?: string; family?: ParsedFamily } | undefined;
  const seen = new Set<string>();
  for (const text of lines) {
    const line = new Line(text);
    if (text === "") {
      if (openMetrics) throw line.error("an empty line");
    } else if (line.sees("#")) {
      const [, keyword, name = "", rest = ""] = /^# (HELP|TYPE) ([^ ]+) (.*)$/s.exec(text) ?? [];
      if (keyword === undefined) throw line.error("a comment that is none of the format's");
      if (new Line(name).match(NAME, "a name") !== name) throw line.error("a name");
      if (current?.name !== name) current = { name };
      if (current.family !== undefined || families.has(name))
        throw line.error("a head after its samples, or twice");
      if (keyword === "HELP" ? current.help !== undefined : current.type !== undefined)
        throw line.error("twice");
      if (keyword === "HELP") current.help = unescaped(rest, openMetrics ? '"' : "");
      else if (TYPES.includes(rest)) current.type = rest;
      else throw line.error("a type");
    } else {
      const sample = sampleOf(line, openMetrics);
      const { name = "", type = "" } = current ?? {};
      const suffixes = openMetrics && type === "counter" ? ["_total"] : (SUFFIXES[type] ?? []);
      if (!suffixes.some((suffix) => sample.name === name + suffix))
        throw line.error(`not of ${type} ${name}`);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(key)) throw line.error("the same series twice");
      seen.add(key);
      if (current !== undefined) {
        current.family ??= { name, type, help: current.help ?? "", samples: [] };
        current.family.samples.push(sample);
        families.set(name, current.family);
      }
    }
  }
  for (const family of families.values()) if (family.type === "histogram") checkHistogram(family);
  return families;
}

function sampleOf(line: Line, openMetrics: boolean): Sample {
  const name = line.match(NAME, "a name");
  const labels: Record<string, string> = {};
  if (line.sees("{")) labelsOf(line, labels);
  line.take(" ");
  const [value = "", exemplar] = line.rest.split(" # ", 2);
  if (!VALUE.test(value)) throw line.error("a value");
  if (exemplar === undefined) return { name, labels, value: number(value) };
  if (!openMetrics || !/(?:_total|_bucket)$/.test(name)) throw line.error("an exemplar");
  const example = new Line(exemplar);
  labelsOf(example, {});
  if (!/^ \S+(?: \d+(?:\.\d+)?)?$/.test(example.rest)) throw example.error("an exemplar's value");
  return { name, labels, value: number(value), exemplar };
}

function labelsOf(line: Line, labels: Record<string, string>): void {
  line.take("{");
  while (!line.sees("}")) {
    const label = line.match(LABEL, "a label");
    if (label in labels || label.startsWith("__")) throw line.error(`label ${label}`);
    line.take('="');
    labels[label] = unescaped(line.match(/^(?:[^"\\]|\\.)*/, "a label's value"), '"');
    line.take('"');
    if (!line.sees("}")) line.take(",");
  }
  line.take("}");
}

function unescaped(text: string, more: string): string {
  return text.replace(/\\(.?)/g, (_, escaped: string) => {
    if (escaped === "n") return "\n";
    if (escaped === "\\" || (escaped !== "" && escaped === more)) return escaped;
    throw new Error(`\\${escaped} is no escape`);
  });
}

function number(text: string): number {
  return Number(text.replace(/Inf$/i, "Infinity"));
}

/** Per label set: bounds ascend, counts do not fall, there is an infinite bucket, and it equals the count. */
function checkHistogram({ name, samples }: ParsedFamily): void {
  const groups = new Map<string, { le: number[]; counts: number[]; sum?: number; count?: number }>();
  for (const sample of samples) {
    const { le, ...own } = sample.labels;
    const key = JSON.stringify(Object.entries(own).sort());
    const group = groups.get(key) ?? { le: [], counts: [] };
    groups.set(key, group);
    if (sample.name === `${name}_bucket`) {
      if (le === undefined) throw new Error(`${name}: a bucket without le`);
      group.le.push(number(le));
      group.counts.push(sample.value);
    } else if (sample.name === `${name}_sum`) group.sum = sample.value;
    else group.count = sample.value;
  }
  for (const [key, { le, counts, sum, count }] of groups) {
    if (sum === undefined || count === undefined) throw new Error(`${name}${key}: sum or count is missing`);
    if (le.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== count)
      throw new Error(`${name}${key}: the infinite bucket is missing, or is not the count`);
    if (le.some((bound, at) => at > 0 && bound <= (le[at - 1] as number)))
      throw new Error(`${name}${key}: bounds`);
    if (counts.some((value, at) => at > 0 && value < (counts[at - 1] as number)))
      throw new Error(`${name}${key}: counts fall`);
  }
}
