import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { hotClock } from "../../src/clock.js";
import { AdapterError } from "../../src/errors.js";
import type { JournalPlaces } from "../../src/journal/choose.js";
import { EventJournal } from "../../src/journal/journal.js";
import { type JournalSettings, journalSettings } from "../../src/journal/settings.js";
import { MemoryKeyValueStore } from "../../src/kv/stores/memory.js";
import { defineEvent, type TelemetryEvent } from "../../src/telemetry/event.js";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";

export const kept = defineEvent<object>()("test.kept", { level: "info", journal: true, help: "of a test" });
export const passing = defineEvent<object>()("test.passing", { level: "error", help: "of a test" });

/** A folder's map that may be away, slow, or count what it is asked. */
export class Folder extends MemoryKeyValueStore {
  override readonly durable = true;
  isAway = false;
  writes = 0;
  /** What a write waits for. */
  held: Promise<void> = Promise.resolve();

  override read<T>(work: Parameters<MemoryKeyValueStore["read"]>[0]): T {
    if (this.isAway) throw new AdapterError("the folder is away");
    return super.read(work) as T;
  }

  override async write<T>(work: Parameters<MemoryKeyValueStore["write"]>[0]): Promise<T> {
    this.writes++;
    await this.held;
    if (this.isAway) throw new AdapterError("the folder is away");
    return (await super.write(work)) as T;
  }

  /** It is there for the next process. */
  override async close(): Promise<void> {
    await this.held;
  }

  /** Holds what is written back until the answer is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }
}

export interface Subject {
  readonly clock: FakeClock;
  readonly hub: TelemetryHub;
  readonly journal: EventJournal;
  readonly folder: Folder;
  /** What the journal told of itself. */
  readonly told: readonly TelemetryEvent[];
  /** The names of what is in the journal, the newest first. */
  numbers(): Promise<unknown[]>;
}

export function settingsOf(settings: Partial<JournalSettings> = {}): JournalSettings {
  const defaults = Object.entries(journalSettings.fields).map(([key, field]) => [key, field.default]);
  return { ...(Object.fromEntries(defaults) as JournalSettings), ...settings };
}

export function placesOf(folder: Folder): JournalPlaces {
  return { redis: undefined, sql: undefined, keyValue: folder, memory: () => new MemoryKeyValueStore() };
}

/** A journal in a folder, as one process has it. */
export function journalIn(folder: Folder, settings: Partial<JournalSettings> = {}): Subject {
  const clock = createFakeClock();
  const hub = new TelemetryHub(clock);
  const told: TelemetryEvent[] = [];
  hub.subscribe((event) => {
    if (event.name.startsWith("journal.")) told.push(event);
  });
  const journal = new EventJournal({
    clock: hotClock(clock),
    telemetry: hub,
    settings: settingsOf(settings),
  });
  journal.use(placesOf(folder));
  const numbers = async (): Promise<unknown[]> =>
    (await journal.page({ limit: 500 })).entries.map(({ payload }) => payload["n"]);
  return { clock, hub, journal, folder, told, numbers };
}

/** Numbers from the highest to the lowest. */
export const down = (from: number, to: number): number[] =>
  Array.from({ length: from - to + 1 }, (_, n) => from - n);
