import type { StorageAnswer } from "../api/types.js";
import { entryOf } from "../state/shape.js";
import { type Finding, type Standing, standing } from "../state/standing.js";
import { brief } from "../text/clean.js";

const FINDINGS: Readonly<Record<string, Finding>> = {
  degraded: { grade: "bad", text: "The shared store is away: this process decides by itself" },
  recovering: { grade: "warn", text: "The shared store is back, and is being told what it missed" },
};

export function assessStorage({ storage, mode }: StorageAnswer): Standing {
  const where = storage === undefined ? "" : `in ${brief(storage, 80)}`;
  if (mode === "normal") return standing(where);
  const found = entryOf(FINDINGS, mode);
  return standing([where, mode].filter(Boolean).join(", "), [
    found ?? { grade: "unknown", text: "The mode of the storage was not said" },
  ]);
}
