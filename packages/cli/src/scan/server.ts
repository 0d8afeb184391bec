import type { CircuitRow, SettingRow } from "@baldur/core";
import { span } from "../output/when.js";
import type { Wire } from "../wire.js";
import type { Finding } from "./findings.js";

export interface Configuration {
  readonly areas: readonly {
    readonly area: string;
    readonly settings: readonly Pick<SettingRow, "key" | "value">[];
  }[];
}

export interface Circuits {
  readonly circuits: readonly Wire<CircuitRow>[];
  readonly enabled: boolean;
  readonly dryRun: boolean;
}

const SETTINGS = "settings";

/** What the settings of a running application say about calls that say nothing themselves, and what its circuits do. */
export function findingsOfServer(configuration: Configuration, circuits: Circuits): Finding[] {
  const of = (area: string, key: string): unknown =>
    configuration.areas.find((each) => each.area === area)?.settings.find((row) => row.key === key)?.value;
  return [...ofDefaults(of), ...ofState(circuits)];
}

function ofDefaults(of: (area: string, key: string) => unknown): Finding[] {
  const timeout = of("protect", "defaultTimeout");
  const attempts = Number(of("retry", "maxAttempts"));
  const found: Finding[] = [];
  const say = (level: Finding["level"], finding: string): void => {
    found.push({ policy: SETTINGS, level, finding });
  };
  if (of("protect", "enabled") === false)
    say("danger", "protected calls run bare, once: BALDUR_PROTECT_ENABLED is false");
  if (timeout === undefined || timeout === null)
    say(
      "danger",
      "a call that names no timeout waits for ever when its dependency hangs: set BALDUR_PROTECT_DEFAULT_TIMEOUT_SECONDS",
    );
  else say("note", `a call that names no timeout ends after ${span(Number(timeout))}`);
  if (of("circuitBreaker", "enabled") === false)
    say("danger", "an outage is never cut short: circuits are switched off");
  if (of("protect", "defaultRetry") === true)
    say(
      "warning",
      `a call is up to ${attempts} requests, unless it says otherwise: BALDUR_PROTECT_DEFAULT_RETRY is true`,
    );
  else if (attempts > 1) say("note", `a call that asks for retry and no more is up to ${attempts} requests`);
  return found;
}

function ofState({ circuits, enabled, dryRun }: Circuits): Finding[] {
  const open = circuits.filter(({ state }) => ["open", "forced_open"].includes(state));
  const found: Finding[] = open.map(({ name, state }) => ({
    policy: name,
    level: "warning",
    finding: `is refused now: its circuit is ${state}`,
  }));
  if (!enabled)
    found.unshift({
      policy: SETTINGS,
      level: "danger",
      finding: "nothing is protected: the kill switch is off",
    });
  else if (dryRun)
    found.unshift({ policy: SETTINGS, level: "warning", finding: "nothing is refused: it is a dry run" });
  return found;
}
