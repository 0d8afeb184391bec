import type { PinnedKey } from "./key.js";

/** Development only. A release build replaces this file: see `BALDUR_RELEASE_KEYS` in the README. */
export const PINNED_KEYS: readonly PinnedKey[] = [
  { kid: "development", publicKey: "vW3ZaGRRZL2j2lkOVsWKWa3gdLOLNJWlYiau59atDOI=" },
];
