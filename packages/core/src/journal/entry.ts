import { LEVELS, type Level } from "../telemetry/event.js";
import { redact } from "../telemetry/redact.js";
import { isJournalId, JournalIds, timeOf } from "./id.js";
import type { JournalEntry } from "./types.js";

type Facts = Readonly<Record<string, unknown>>;

const MOST_BYTES = 4096;
/** Of an actor and a reason, and of what stays of a long text in a payload that is cut. */
const LONGEST_TEXT = 500;
/** Left for saying that it is cut. */
const MARGIN = 64;

/** Makes the entries of one process. */
export class EntryMaker {
  readonly #ids = new JournalIds();
  readonly #instance = instanceName(this.#ids.process);

  /** Nothing of `facts` is shared with the entry, nor is anything that is to stay secret. */
  make(name: string, level: Level, at: Date, facts: object): JournalEntry {
    const safe = redact(facts);
    const { actor, reason, ...rest }: Facts = isObject(safe) ? safe : { facts: safe };
    const id = this.#ids.next(at);
    return {
      id,
      at: timeOf(id),
      name,
      level,
      payload: bounded({ ...rest, ...unlessText({ actor }), ...unlessText({ reason }) }),
      instance: this.#instance,
      ...(isText(actor) && { actor: cut(actor) }),
      ...(isText(reason) && { reason: cut(reason) }),
    };
  }
}

/** The text of an entry, which stores keep by its id. */
export function encode({ name, level, payload, instance, actor, reason }: JournalEntry): string {
  return JSON.stringify({ name, level, payload, instance, actor, reason });
}

/** The entry as it was; undefined for what is damaged, or was not written by this. */
export function decode(id: string, text: string): JournalEntry | undefined {
  const record = parsed(text);
  if (!isJournalId(id) || !isObject(record)) return undefined;
  const { name, level, payload, instance, actor, reason } = record;
  const isWhole =
    isText(name) &&
    LEVELS.includes(level as Level) &&
    isObject(payload) &&
    isText(instance) &&
    isOptionalText(actor) &&
    isOptionalText(reason);
  if (!isWhole) return undefined;
  return {
    id,
    at: timeOf(id),
    name,
    level: level as Level,
    payload,
    instance,
    ...(actor !== undefined && { actor }),
    ...(reason !== undefined && { reason }),
  };
}

/** What is no text stays where it was, for nobody would find it in the place of one. */
function unlessText(fact: Facts): Facts {
  return Object.values(fact).some((value) => value === undefined || isText(value)) ? {} : fact;
}

function bounded(facts: Facts): Facts {
  return bytesOf(facts) <= MOST_BYTES ? facts : truncated(facts);
}

/** As many facts as there is room for, long ones cut. */
function truncated(facts: Facts): Facts {
  const kept: [key: string, value: unknown][] = [];
  let room = MOST_BYTES - MARGIN;
  for (const [key, value] of Object.entries(facts)) {
    const short = shortened(value);
    const bytes = bytesOf({ [key]: short });
    if (bytes > room) continue;
    room -= bytes;
    kept.push([key, short]);
  }
  return { ...Object.fromEntries(kept), truncated: true };
}

function shortened(value: unknown): unknown {
  if (typeof value === "string") return cut(value);
  return bytesOf({ value }) > LONGEST_TEXT ? "[too large]" : value;
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

function bytesOf(facts: Facts): number {
  return Buffer.byteLength(JSON.stringify(facts));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // torn or garbage
  }
}

function isObject(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || isText(value);
}

function instanceName(unique: string): string {
  const { hostname } = process.getBuiltinModule("node:os");
  return `${hostname()}:${process.pid}:${unique}`;
}
