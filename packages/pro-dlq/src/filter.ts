import type { EntryStatus } from "@baldur/core/plugin";
import type { EntryFilter } from "./api.js";
import { checked, isObject } from "./check.js";
import { STATUSES } from "./entry/entry.js";

const KEYS = ["status", "domain", "name", "failureType"];

/** Throws `ConfigurationError` for a filter that would find nothing because of a mistake. */
export function checkFilter(filter: EntryFilter): void {
  checked("filter", "an object", filter, isObject);
  for (const [key, value] of Object.entries(filter)) {
    checked("filter", `made of ${KEYS.join(", ")}`, key, () => KEYS.includes(key));
    if (value !== undefined)
      checked(
        `filter.${key}`,
        "a non-empty string",
        value,
        (word) => typeof word === "string" && word !== "",
      );
  }
  const { status } = filter;
  if (status !== undefined)
    checked("filter.status", `one of ${STATUSES.join(", ")}`, status, (value) =>
      STATUSES.includes(value as EntryStatus),
    );
}
