import type { EntryStatus } from "@baldur/core/plugin";
import { OPEN, STATUSES } from "../../entry/entry.js";
import type { RecordKind } from "../fleet/engine.js";

const RADIX = 36;

/** The sorted set of the ids of one group that are in one state. */
export interface Place {
  readonly status: EntryStatus;
  /** The number of the group, as text. */
  readonly group: string;
}

/** Names of keys. One tag for all, so that a cluster has the whole queue in one place. */
export class Keys {
  readonly #root: string;

  constructor(prefix: string) {
    this.#root = `${prefix}{dlq}:`;
  }

  /** Open entries by the number of their domain. */
  get open(): string {
    return `${this.#root}open`;
  }

  /** Entries by place. */
  get counts(): string {
    return `${this.#root}counts`;
  }

  /** What groups are, by number. */
  get groups(): string {
    return `${this.#root}groups`;
  }

  /** How entries began, by id: the state in which they came, and the body. Never changes. */
  get entries(): string {
    return `${this.#root}entries`;
  }

  /** States since, by id: of entries that were never changed there is none. */
  get states(): string {
    return `${this.#root}states`;
  }

  get quarantine(): string {
    return `${this.#root}quarantine`;
  }

  records(kind: RecordKind): string {
    return `${this.#root}${kind}`;
  }

  place(name: string): string {
    return `${this.#root}at:${name}`;
  }
}

/** Numbers of groups and domains as they are written. */
export function written(number: number): string {
  return number.toString(RADIX);
}

export function placeName({ status, group }: Place): string {
  return `${STATUSES.indexOf(status)}:${group}`;
}

/** Undefined for what is no name of a place. */
export function placeOf(name: string): Place | undefined {
  const [number = "", group = ""] = name.split(":");
  const status = STATUSES[Number.parseInt(number, 10)];
  return status === undefined || group === "" ? undefined : { status, group };
}

export function isOpen(status: EntryStatus): boolean {
  return OPEN.includes(status);
}
