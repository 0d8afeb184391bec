import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Family, Series } from "../src/family.js";
import { OPEN_METRICS, TEXT } from "../src/format.js";
import { Pace } from "../src/pace.js";
import { writePage } from "../src/page.js";
import { parse } from "./grammar.js";

const family = (given: Partial<Family> & { name: string; series: Iterable<Series> }): Family => ({
  type: "gauge",
  help: "help",
  across: "max",
  bounds: [],
  ...given,
});
const write = (families: readonly Family[], format = TEXT) =>
  writePage(families, format, new Pace(createFakeClock()));

const counter = family({ name: "a_total", type: "counter", series: [{ labels: { x: "1" }, value: 3 }] });
const histogram = family({
  name: "h",
  type: "histogram",
  bounds: [0.5, 1],
  series: [
    { labels: {}, counts: [1, 1, 4], sum: 7.25 },
    { labels: { x: "1" }, counts: [0, 2, 2], sum: 2 },
  ],
});

describe("a page", () => {
  it("is text, version 0.0.4", async () => {
    expect(TEXT.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await write([counter, histogram])).toBe(`# HELP a_total help
# TYPE a_total counter
a_total{x="1"} 3
# HELP h help
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="1"} 1
h_bucket{le="+Inf"} 4
h_sum 7.25
h_count 4
h_bucket{x="1",le="0.5"} 0
h_bucket{x="1",le="1"} 2
h_bucket{x="1",le="+Inf"} 2
h_sum{x="1"} 2
h_count{x="1"} 2
`);
  });

  it("is OpenMetrics 1.0.0: a counter's family without _total, its lines with it, and an end", async () => {
    expect(OPEN_METRICS.contentType).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    const bare = family({ name: "bare", type: "counter", series: [{ labels: {}, value: 1 }] });
    const page = await write([counter, bare, histogram], OPEN_METRICS);
    expect(page).toContain('# TYPE a counter\na_total{x="1"} 3\n');
    expect(page).toContain("# TYPE bare counter\nbare_total 1\n");
    expect(page).toContain('h_bucket{le="1.0"} 1\n');
    expect(page.endsWith('h_count{x="1"} 2\n# EOF\n')).toBe(true);
    expect(parse(page, true).size).toBe(3);
  });

  it("has exemplars where the format does", async () => {
    const exemplar = { labelSet: { trace: "abc" }, value: 0.3, timestamp: 12.5 };
    const traced = family({ name: "a_total", type: "counter", series: [{ labels: {}, value: 3, exemplar }] });
    expect(await write([traced], OPEN_METRICS)).toContain('a_total 3 # {trace="abc"} 0.3 12.5\n');
    expect(await write([traced])).not.toContain("trace");
  });

  it("leaves families without series out, head and all", async () => {
    expect(await write([family({ name: "gone", series: [] })])).toBe("");
    expect(await write([family({ name: "gone", series: [] })], OPEN_METRICS)).toBe("# EOF\n");
  });

  it("writes infinities as Go reads them", async () => {
    const series = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e21, 5e-7, -0].map(
      (value, index) => ({ labels: { index: `${index}` }, value }),
    );
    const values = (await write([family({ name: "a", series })])).match(/(?<=} ).*/g);
    expect(values).toEqual(["+Inf", "-Inf", "NaN", "1e+21", "5e-7", "0"]);
  });

  it("property: reads as what was written, in both formats, whatever is in texts", async () => {
    const name = fc.stringMatching(/^[a-z][a-z_]{0,10}$/);
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom('"', "\\", "\n", "\\n", "{}", "# EOF"),
    );
    const line = fc.record({
      labels: fc.dictionary(name, text, { maxKeys: 3 }),
      value: fc.double({ noNaN: true }),
    });
    const written = fc.record({
      name: name.map((given) => `x${given}`),
      help: text,
      series: fc.uniqueArray(line, {
        selector: ({ labels }) => JSON.stringify(Object.entries(labels).sort()),
        minLength: 1,
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(written, { selector: (one) => one.name }), async (families) => {
        for (const format of [TEXT, OPEN_METRICS]) {
          const page = await write(families.map(family), format);
          const read = parse(page, format === OPEN_METRICS);
          expect([...read.keys()]).toEqual(families.map((one) => one.name));
          for (const { name, help, series } of families) {
            expect(read.get(name)).toEqual({
              name,
              type: "gauge",
              help,
              samples: series.map(({ labels, value }) => ({
                name,
                labels,
                value: value === 0 ? 0 : value,
              })),
            });
          }
        }
      }),
    );
  });
});
