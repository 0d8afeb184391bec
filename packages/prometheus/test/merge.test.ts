import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { lasting } from "../src/cluster/lasting.js";
import { merge } from "../src/cluster/merge.js";
import type { Family, Merge, Series } from "../src/family.js";
import { Pace } from "../src/pace.js";

const pace = () => new Pace(createFakeClock());
const family = (type: Family["type"], across: Merge, series: readonly Series[], name = "a"): Family => ({
  ...{ name, type, across, series, help: "h" },
  bounds: type === "histogram" ? [1, 2] : [],
});
const line = (value: number, labels: Record<string, string> = {}, suffix?: string) => ({
  labels,
  value,
  ...(suffix !== undefined && { suffix }),
});
const merged = async (...families: Family[]) => {
  const all = await merge(
    families.map((one) => [one]),
    pace(),
  );
  return all.map(({ name, series }) => [name, [...series]]);
};

describe("the metrics of several processes", () => {
  it("are summed up where they count, by label", async () => {
    const first = family("counter", "max", [line(1, { x: "1" }), line(5, { x: "2" })]);
    const second = family("counter", "max", [line(10, { x: "2" }), line(7, { x: "3" })]);
    expect(await merged(first, second)).toEqual([
      ["a", [line(1, { x: "1" }), line(15, { x: "2" }), line(7, { x: "3" })]],
    ]);
  });

  it("are summed up bucket by bucket", async () => {
    const first = family("histogram", "max", [{ labels: {}, counts: [1, 2, 3], sum: 4 }]);
    const second = family("histogram", "max", [{ labels: {}, counts: [10, 20, 30], sum: 40 }]);
    expect(await merged(first, second)).toEqual([["a", [{ labels: {}, counts: [11, 22, 33], sum: 44 }]]]);
  });

  it.each<[Merge, number]>([
    ["sum", 6],
    ["min", 1],
    ["max", 3],
    ["average", 2],
    ["first", 2],
    [[3, 2, 1], 1],
    [[2, 1], 3],
  ])("become one gauge as it says: %j", async (across, value) => {
    expect(await merged(...[2, 1, 3].map((one) => family("gauge", across, [line(one)])))).toEqual([
      ["a", [line(value)]],
    ]);
  });

  it("are left out where a gauge says so", async () => {
    expect(await merged(family("gauge", "omit", [line(1)]), family("gauge", "omit", [line(2)]))).toEqual([
      ["a", []],
    ]);
  });

  it("say nothing about quantiles together", async () => {
    const one = family("summary", "sum", [
      line(3, { quantile: "0.5" }),
      line(9, {}, "_sum"),
      line(2, {}, "_count"),
    ]);
    expect(await merged(one, one)).toEqual([["a", [line(18, {}, "_sum"), line(4, {}, "_count")]]]);
    expect(await merged(one)).toEqual([["a", one.series]]);
  });

  it("are not mixed where they are not of one kind", async () => {
    const counter = family("counter", "max", [line(1)]);
    expect(await merged(counter, family("gauge", "max", [line(9)]))).toEqual([["a", [line(1)]]]);
    const narrow = family("histogram", "max", [{ labels: {}, counts: [1, 2, 3], sum: 4 }]);
    expect(await merged(narrow, { ...narrow, bounds: [1] })).toEqual([["a", [...narrow.series]]]);
  });

  it("leave behind what they have counted, and nothing else", () => {
    const families = [
      family("counter", "max", [line(1)], "c"),
      family("gauge", "max", [line(1)], "g"),
      family("summary", "sum", [line(3, { quantile: "1" }), line(9, {}, "_sum")], "s"),
    ];
    expect(lasting(families).map(({ name, series }) => [name, [...series]])).toEqual([
      ["c", [line(1)]],
      ["s", [line(9, {}, "_sum")]],
    ]);
  });

  it("property: do not depend on the order, nor on what was put together before", async () => {
    const labels = fc.record({ x: fc.constantFrom("1", "2", "3") });
    const across = fc.constantFrom<Merge>("sum", "min", "max", [2, 0, 1]);
    const source = fc.array(fc.record({ labels, value: fc.integer({ min: 0, max: 9 }) }), { maxLength: 4 });
    const sorted = (families: Family[]) =>
      families.flatMap(({ series }) => [...series].map((one) => JSON.stringify(one))).sort();
    await fc.assert(
      fc.asyncProperty(
        fc.array(source, { minLength: 1 }),
        across,
        fc.boolean(),
        async (sources, how, counts) => {
          const families = sources.map((series) => {
            const distinct = new Map(series.map((one) => [one.labels.x, one]));
            return [family(counts ? "counter" : "gauge", how, [...distinct.values()])];
          });
          const all = sorted(await merge(families, pace()));
          expect(sorted(await merge(families.toReversed(), pace()))).toEqual(all);
          const [first = [], ...rest] = families;
          expect(sorted(await merge([first, await merge(rest, pace())], pace()))).toEqual(all);
        },
      ),
    );
  });
});
