import type { Entitlement, PluginRow } from "@baldur/core";
import { adminSettings } from "../settings.js";
import type { Host, Route } from "./route.js";

type Setting = ReturnType<Host["baldur"]["settings"]["describe"]>[number];

const DAY = 86_400_000;
/** What switches something on or off. */
const SWITCH = /(?:^e|E)nabled$/;
const OWN = new Map([[adminSettings.area, "@baldur/admin"]]);
const CORE = "@baldur/core";

/** What can be switched on and off, and what of it a licence allows. */
export function featureRoutes(host: Host): Route[] {
  return [
    {
      method: "GET",
      path: "/features",
      role: "admin",
      summary: "what can be switched on and off, by which variable, and the licence",
      query: {},
      handler: () => features(host),
    },
  ];
}

function features({ baldur, clock }: Host): object {
  const { entitlement, plugins } = baldur.posture();
  const switches = baldur.settings
    .describe()
    .filter(({ type, key }) => type === "boolean" && SWITCH.test(key));
  return {
    entitlement: termOf(entitlement, clock.now()),
    features: switches.map((setting) => featureOf(setting, plugins, entitlement)),
  };
}

function termOf({ status, customer, expires }: Entitlement, now: number): object {
  const lastDay = Date.parse(`${expires}T00:00:00Z`);
  const today = Math.floor(now / DAY) * DAY;
  return {
    status,
    customer_id: customer,
    expires,
    days_until_expiry: Number.isNaN(lastDay) ? undefined : (lastDay - today) / DAY,
  };
}

/** A feature of a package that does not run is not enabled, whatever its setting says. */
function featureOf(
  { area, key, variable, value, default: standard }: Setting,
  plugins: readonly PluginRow[],
  { status }: Entitlement,
): object {
  const plugin = plugins.find(({ areas }) => areas?.includes(area));
  const licensed = plugin?.licensed ?? false;
  return {
    module: plugin?.name ?? OWN.get(area) ?? CORE,
    class: area,
    field: key,
    tier: licensed ? "pro" : "oss",
    default: standard,
    enabled: value === true && (plugin === undefined || plugin.status === "active"),
    env_var: variable,
    license_status: licensed ? status : "not_required",
  };
}
