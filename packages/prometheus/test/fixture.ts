import { type Baldur, type BaldurOptions, createBaldur } from "@baldur/core";
import { type Exposition, metricsSlot, type PluginContext, type TelemetryEvent } from "@baldur/core/plugin";
import { type PrometheusOptions, prometheus } from "../src/plugin.js";
import { type ParsedFamily, parse } from "./grammar.js";

export const OPEN_METRICS = "application/openmetrics-text";

const quiet = (): void => undefined;
export const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export interface Shown {
  readonly baldur: Baldur;
  /** As a plugin has it. */
  readonly context: PluginContext;
  /** From its registration on. */
  readonly events: readonly TelemetryEvent[];
  page(accept?: string): Promise<Exposition>;
  read(accept?: string): Promise<Map<string, ParsedFamily>>;
  /** Value of a line with these labels; undefined where there is none. */
  value(line: string, labels?: Record<string, string>): Promise<number | undefined>;
}

/** A runtime that exposes its metrics. */
export async function expose(options: PrometheusOptions = {}, given: BaldurOptions = {}): Promise<Shown> {
  const contexts: PluginContext[] = [];
  const events: TelemetryEvent[] = [];
  const probe = {
    name: "@test/probe",
    register: (context: PluginContext): void => {
      contexts.push(context);
      context.telemetry.subscribe((event) => events.push(event));
    },
  };
  const baldur = createBaldur({
    discover: false,
    env: {},
    logger,
    ...given,
    plugins: [prometheus(options), probe, ...(given.plugins ?? [])],
  });
  await baldur.start();
  const page = async (accept?: string): Promise<Exposition> => {
    const found = await baldur.slots.get(metricsSlot).exposition(accept);
    if (found === undefined) throw new Error("there is no page");
    return found;
  };
  const read: Shown["read"] = async (accept) => {
    const { body, contentType } = await page(accept);
    return parse(body, contentType.startsWith(OPEN_METRICS));
  };
  const value: Shown["value"] = async (line, labels = {}) => {
    const wanted = Object.entries(labels);
    const samples = [...(await read()).values()].flatMap((family) => family.samples);
    return samples.find(
      ({ name, labels: own }) => name === line && wanted.every(([label, text]) => own[label] === text),
    )?.value;
  };
  return { baldur, context: contexts[0] as PluginContext, events, page, read, value };
}
