import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineGauge, type PluginContext } from "@baldur/core/plugin";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Counter, Histogram, Registry, Summary } from "prom-client";
import { expose, OPEN_METRICS, type Shown } from "../fixture.js";
import { alertCases, LOOK } from "./alert-cases.js";
import { hasPromtool, promtool } from "./promtool.js";

const RULES = fileURLToPath(new URL("../../rules/baldur.yml", import.meta.url));
const DASHBOARD = fileURLToPath(new URL("../../grafana/baldur.json", import.meta.url));
const describeIfInstalled = hasPromtool ? describe : describe.skip;
const HOSTILE = ['a"b', "a\\b", "a\nb", "a{b}", "ü€😀", "a,b=1", " ", "#", "x".repeat(500)];

function hostRegistry(): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "visits", help: 'a "quoted" \\ help', registers }).inc(2);
  new Histogram({ name: "weight", help: "two\nlines", buckets: [1, 2.5], registers }).observe(2);
  new Summary({ name: "size", help: "sizes", percentiles: [0.5, 1], registers }).observe(5);
  return registry;
}

/** All cases at once, each in a job of its own. */
function alertTests(): object {
  const cases = alertCases.flatMap(({ alert, fires, isQuiet }, index) => [
    { alert, job: `fires-${index}`, input: fires, expected: [{ labels: "{}", value: 1 }] },
    { alert, job: `quiet-${index}`, input: isQuiet, expected: [] },
  ]);
  const ofJob = (text: string, job: string): string => text.replace('job="shop"', `job="${job}"`);
  return {
    rule_files: [RULES],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series: cases.flatMap(({ job, input }) =>
          Object.entries(input).map(([series, values]) => ({ series: ofJob(series, job), values })),
        ),
        promql_expr_test: cases.map(({ alert, job, expected }) => ({
          expr: ofJob(`count(ALERTS{alertname="${alert}",job="shop",alertstate="firing"})`, job),
          eval_time: `${LOOK}m`,
          exp_samples: expected,
        })),
      },
    ],
  };
}

/** What the dashboard asks, with its variables filled in. */
function dashboardRules(): object {
  const text = readFileSync(DASHBOARD, "utf8");
  const exprs = [...text.matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(([, expr = ""]) =>
    (JSON.parse(expr) as string).replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, ".*"),
  );
  const rules = exprs.map((expr, index) => ({ record: `panel_${index}`, expr }));
  return { groups: [{ name: "dashboard", rules }] };
}

describeIfInstalled("Prometheus' own promtool, where it is installed (Debian's package prometheus)", () => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await expose({ registry: hostRegistry(), defaultMetrics: true });
    await shown.baldur.protect("pay", async () => 1);
    observeHostile(shown.context);
  });
  afterAll(() => shown.baldur.close());

  function observeHostile({ telemetry }: PluginContext): void {
    const gauge = defineGauge("test_hostile", { help: 'it says "no" \\ and\nmore', labels: ["value"] });
    const extremes = [0, -1, 1e-300, 1e300, Number.MAX_SAFE_INTEGER, 0.1 + 0.2];
    telemetry.observeGauge(gauge, () => [
      ...HOSTILE.map((value) => [[value], 1] as const),
      ...extremes.map((value) => [[String(value)], value] as const),
    ]);
  }

  it("parses the page, and finds nothing wrong with it but names", async () => {
    const { status, output } = promtool("check metrics", (await shown.page()).body);
    expect(output).not.toMatch(/error while/i);
    expect([0, 3]).toContain(status);
  });

  it("parses the page in OpenMetrics, every series of it", async () => {
    const { body } = await shown.page(OPEN_METRICS);
    // What it imports has a time on every line.
    const dated = body.replaceAll(/^([^#\n].*)$/gm, "$1 1700000000");
    const { status, output } = promtool("tsdb create-blocks-from openmetrics input", dated);
    expect({ status, output }).toMatchObject({ status: 0 });
    const series = dated.match(/ 1700000000$/gm)?.length;
    expect(output.split("\n").at(1)?.split(/ +/).at(6)).toBe(String(series));
  });

  it("accepts the alert rules, and each has its case below", () => {
    const { status, output } = promtool("check rules input", readFileSync(RULES, "utf8"));
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain(`${new Set(alertCases.map(({ alert }) => alert)).size} rules`);
  });

  it("sees every alert fire when it should, and be quiet when it should", () => {
    expect(promtool("test rules input", JSON.stringify(alertTests()))).toMatchObject({ status: 0 });
  });

  it("understands what the dashboard asks", () => {
    expect(promtool("check rules input", JSON.stringify(dashboardRules()))).toMatchObject({ status: 0 });
  });
});
