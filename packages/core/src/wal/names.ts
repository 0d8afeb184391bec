import type { Owner } from "./owner.js";

/** A file of a log, as its name tells it. */
export interface WalName {
  /** Unique: its name without the ending. */
  readonly id: string;
  readonly owner: Owner;
  /** Who hands it out, where that is somebody else. */
  readonly claim?: Owner;
}

const OWNER = "[0-9a-f]{24}";
const NAME = new RegExp(
  `^(.+)-(${OWNER})_(\\d{8}_\\d{6})_(\\d{1,10})\\.wal(?:\\.claim-(${OWNER})_(\\d{1,10}))?$`,
);
/** `2026-11-21T10:15:00` */
const SECONDS = 19;

export function newName(name: string, owner: Owner, now: number): WalName {
  const time = new Date(now).toISOString().slice(0, SECONDS).replaceAll(/[-:]/g, "").replace("T", "_");
  return { id: `${name}-${owner.digits}_${time}_${owner.pid}`, owner };
}

/** Undefined for what is no file of the log `name`. */
export function parseName(file: string, name: string): WalName | undefined {
  const [, prefix, digits, time, pid, claimDigits, claimPid] = NAME.exec(file) ?? [];
  if (prefix !== name || digits === undefined) return undefined;
  const found = { id: `${name}-${digits}_${time}_${pid}`, owner: { pid: Number(pid), digits } };
  if (claimDigits === undefined) return found;
  return { ...found, claim: { pid: Number(claimPid), digits: claimDigits } };
}

export function fileOf({ id, claim }: Pick<WalName, "id" | "claim">): string {
  return claim === undefined ? `${id}.wal` : `${id}.wal.claim-${claim.digits}_${claim.pid}`;
}

export function corruptFileOf({ id }: Pick<WalName, "id">): string {
  return `${id}.wal.corrupt`;
}
