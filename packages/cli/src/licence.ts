import type { Entitlement, PluginRow } from "@baldur/core";
import { discoverPlugins, type Plugin, systemClock } from "@baldur/core/plugin";
import { words } from "./errors.js";
import type { CliIo } from "./io.js";

/** What a licence is worth, and to which packages. */
export interface Licence extends Entitlement {
  readonly packages: readonly PluginRow[];
}

/** From best to worst. */
const STATUSES: readonly Entitlement["status"][] = ["active", "expired", "invalid", "missing"];

/** As an application would say that starts here with this environment. */
export async function licenceOfFolder({ env, cwd }: CliIo): Promise<Licence> {
  const { plugins, broken } = await discoverPlugins({ root: cwd });
  const verdicts = new Map<string, Entitlement | undefined>();
  for (const plugin of plugins)
    if (!verdicts.has(plugin.name)) verdicts.set(plugin.name, await verdictOn(plugin, env));
  const failed = broken.map(({ name, reason }): PluginRow => ({ name, status: "failed", reason }));
  const packages = [...[...verdicts].map(([name, said]) => rowOf(name, said)), ...failed];
  return { ...best([...verdicts.values()].filter((said) => said !== undefined)), packages };
}

/** Undefined for a package that needs no licence. */
async function verdictOn({ entitlement }: Plugin, env: CliIo["env"]): Promise<Entitlement | undefined> {
  const variable = (name: string): string | undefined => env[name]?.trim() || undefined;
  try {
    return await entitlement?.({ env: variable, clock: systemClock(), force: true });
  } catch (error) {
    return { status: "invalid", reason: words(error) };
  }
}

function rowOf(name: string, said: Entitlement | undefined): PluginRow {
  if (said === undefined) return { name, status: "active" };
  if (said.status === "active") return { name, status: "active", licensed: true };
  return {
    name,
    status: "inert",
    reason: said.reason ?? `its entitlement is ${said.status}`,
    licensed: true,
  };
}

function best(said: readonly Entitlement[]): Entitlement {
  const sorted = said.toSorted((a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status));
  return sorted[0] ?? { status: "missing" };
}
