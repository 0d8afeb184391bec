import type { Baldur } from "@baldur/core";

/** A setting in force that another package declares. */
export function settingOf({ settings }: Baldur, area: string, key: string): unknown {
  const group = settings.groups().find((known) => known.area === area);
  return group && (settings.of(group) as Readonly<Record<string, unknown>>)[key];
}
