import type { VersionedDocument } from "../documents.js";

/** A document as stores write it; undefined for what is torn or something else, which its store puts aside. */
export function parse(text: string): VersionedDocument | undefined {
  try {
    const { version, value, updatedAt } = JSON.parse(text) as Partial<VersionedDocument>;
    const whole =
      Number.isInteger(version) && Number(version) > 0 && typeof value === "object" && value !== null;
    return whole && typeof updatedAt === "number"
      ? { version: version as number, value, updatedAt }
      : undefined;
  } catch {
    return undefined;
  }
}
