import type { JournalEntry } from "@baldur/core";
import { type TelemetryEvent, unref } from "@baldur/core/plugin";
import { Problem } from "../response/problem.js";
import type { Host } from "../routes/route.js";
import { frame, HEARTBEAT } from "./frame.js";
import { StreamReader } from "./reader.js";
import { tickOf } from "./tick.js";

const EVERY = 2000;
const MOST_READERS = 64;
/** Entries of the journal that are told again. */
const MOST_REPLAYED = 200;
const LAST_ID = /^(\d{1,15})-\d+$/;

export interface Wanted {
  readonly wants: (event: Pick<TelemetryEvent, "name" | "level">) => boolean;
  /** The id of the last event that the reader has had. */
  readonly lastId: string | undefined;
}

/** Tells everyone who reads what happens. Costs nothing while nobody does. */
export class EventFeed {
  readonly #readers = new Set<StreamReader>();
  #subscription: Disposable | undefined;
  #ticking: Promise<void> | undefined;
  #timer: unknown;
  #sequence = 0;

  constructor(private readonly host: Host) {}

  /** Throws a problem when there are too many already. */
  open(wanted: Wanted): ReadableStream<Uint8Array> {
    if (this.#readers.size >= MOST_READERS) throw full();
    return new StreamReader({
      clock: this.host.clock,
      wants: wanted.wants,
      onOpen: (reader) => this.#join(reader, wanted),
      onClose: (reader) => this.#leave(reader),
    }).stream;
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }

  #join(reader: StreamReader, wanted: Wanted): void {
    this.#readers.add(reader);
    reader.say(HEARTBEAT);
    this.#subscription ??= this.host.telemetry.subscribe((event) => this.#tell(event));
    void this.#catchUp(reader, wanted);
    this.#tick();
  }

  #leave(reader: StreamReader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
    this.host.clock.clearTimeout(this.#timer);
  }

  #tell(event: TelemetryEvent): void {
    const id = `${event.at.getTime()}-${this.#sequence++}`;
    for (const reader of this.#readers) reader.offer(id, event);
  }

  /** What happened since the last event that the reader has had, as far as it was kept; and that the rest was missed. */
  async #catchUp(reader: StreamReader, { wants, lastId = "" }: Wanted): Promise<void> {
    if (lastId === "") return;
    const [, last] = LAST_ID.exec(lastId) ?? [];
    const since = last === undefined ? undefined : new Date(Number(last));
    const until = new Date(this.host.clock.now());
    reader.say(frame("dropped", { since, until }));
    if (since === undefined) return;
    const { journal } = this.host.baldur;
    const page = await journal.page({ since, until, limit: MOST_REPLAYED }).catch(() => undefined);
    reader.say(...(page?.entries ?? []).filter(wants).map(replayFrame).reverse());
  }

  /** One for everyone, and the next when it is time. */
  #tick(): void {
    this.host.clock.clearTimeout(this.#timer);
    this.#ticking ??= this.#tellTick().finally(() => {
      this.#ticking = undefined;
      if (this.#readers.size === 0) return;
      this.#timer = this.host.clock.setTimeout(() => this.#tick(), EVERY);
      unref(this.#timer);
    });
  }

  async #tellTick(): Promise<void> {
    const text = await tickOf(this.host).then(
      (tick) => frame("tick", tick),
      () => HEARTBEAT,
    );
    for (const reader of this.#readers) reader.tick(text);
    // A server that drains waits for its streams: whoever reads comes back to one that stays.
    const { baldur, policy } = this.host;
    if (!policy.ownServer && baldur.lifecycle.phase !== "running") this.close();
  }
}

function replayFrame({ name, level, at, payload, actor, reason }: JournalEntry): string {
  const told = { name, level, at, payload: { ...payload, actor, reason }, replayed: true };
  return frame("baldur", told, `${at.getTime()}-0`);
}

function full(): Problem {
  return new Problem({
    status: 503,
    code: "TOO_MANY_STREAMS",
    detail: `there are ${MOST_READERS} event streams already`,
    headers: { "retry-after": "10" },
  });
}
