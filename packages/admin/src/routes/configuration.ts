import type { Field, SettingsGroup } from "@baldur/core/plugin";
import type { Host, Route } from "./route.js";

type Row = ReturnType<Host["baldur"]["settings"]["describe"]>[number];

/** Where state is kept that processes share, and how. */
const SHARED = ["storage", "resilientStorage", "sharedState"];

/** The settings in force, by area. */
export function configurationRoutes({ baldur }: Host): Route[] {
  const areas = (isWanted: (area: string) => boolean): object => {
    const groups = baldur.settings.groups().filter(({ area }) => isWanted(area));
    const rows = baldur.settings.describe();
    return { areas: groups.map((group) => areaOf(group, rows)) };
  };
  return [
    {
      method: "GET",
      path: "/config",
      role: "viewer",
      summary: "every setting in force, and where it came from; secrets say only whether they are set",
      query: { area: { type: "string", minLength: 1, maxLength: 100, description: "only this one" } },
      handler: ({ query }) => {
        const wanted = query.get("area");
        return areas((area) => wanted === null || area === wanted);
      },
    },
    {
      method: "GET",
      path: "/l2-storage/config",
      role: "viewer",
      summary: "of these, what is about the shared store",
      query: {},
      handler: () => areas((area) => SHARED.includes(area)),
    },
  ];
}

function areaOf(group: SettingsGroup, rows: readonly Row[]): object {
  const own = rows.filter(({ area }) => area === group.area);
  return { area: group.area, help: group.help, settings: own.map((row) => shown(row, group)) };
}

function shown({ area: _, value, default: standard, ...row }: Row, { fields }: SettingsGroup): object {
  const { secret } = (fields as Readonly<Record<string, Field<unknown>>>)[row.key] ?? { secret: true };
  return secret ? { ...row, secret, set: value !== undefined } : { ...row, value, default: standard };
}
