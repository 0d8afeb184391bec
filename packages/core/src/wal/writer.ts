import type { Clock } from "../clock.js";
import { text } from "../describe.js";
import { AdapterError } from "../errors.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import { diskFullFailopen, diskRecovered } from "./events.js";
import type { WalFiles } from "./files.js";
import { diskFullTotal, writtenTotal } from "./metrics.js";
import { RecordBuffer } from "./record.js";
import type { Source } from "./source.js";

/** Where a record is once it is acknowledged. */
export type Durability = "disk" | "memory";

export interface WriterParts {
  /** Undefined: everything stays in memory. */
  readonly files: WalFiles | undefined;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryHub, "report" | "counter">;
  /** Bytes that are kept in memory while the disk takes none. */
  readonly memoryBytes: number;
  /** Another one each time. */
  readonly newId: () => string;
}

/** Milliseconds between two tries while the disk takes nothing. */
const RETRY = 1000;

interface Group {
  readonly records: RecordBuffer;
  readonly done: Promise<Durability>;
  readonly resolve: (where: Durability) => void;
}

/** Group commit: what arrives while a group is on its way to the disk goes out with the next one. */
export class WalWriter {
  #sequence = 0;
  #group: Group | undefined;
  #spare: RecordBuffer | undefined;
  /** What the disk did not take, and may take later. */
  #kept = new RecordBuffer();
  /** What is in memory and must not be written any more. */
  readonly #pinned: Source[] = [];
  #pinnedBytes = 0;
  #isFailing = false;
  #retryAt = Number.NEGATIVE_INFINITY;
  /** The end of what is under way: groups and seals, one after the other. Never rejects. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly parts: WriterParts) {}

  get sequence(): number {
    return this.#sequence;
  }

  /** Resolves when the record is where it is said to be. Throws `AdapterError` when there is no room for it. */
  append(data: object): Promise<Durability> {
    if (this.#bytesInMemory() > this.parts.memoryBytes)
      throw new AdapterError("the log has no room: the disk takes nothing, and the memory for that is full");
    const group = this.#group ?? this.#newGroup();
    group.records.add({ seq: this.#sequence + 1, ts: this.parts.clock.now(), data });
    this.#sequence++;
    if (this.#group === undefined) void this.#next(() => this.#commit(group));
    this.#group = group;
    return group.done;
  }

  /** Everything that was appended until now, in order; each is to be told of by `taken` when it is gone. */
  seal(): Promise<readonly Source[]> {
    return this.#next(async () => {
      if (this.#kept.count > 0) this.#pin(this.#kept);
      const files = await this.parts.files?.seal();
      return [...(files ?? []), ...this.#pinned].sort((one, other) => one.first - other.first);
    });
  }

  taken(source: Source): void {
    this.parts.files?.taken(source);
    const at = this.#pinned.indexOf(source);
    if (at < 0) return;
    this.#pinned.splice(at, 1);
    this.#pinnedBytes -= source.bytes?.length ?? 0;
  }

  /** For the end: what is on the disk is for whoever looks first. */
  release(): Promise<void> {
    return this.#next(async () => this.parts.files?.release());
  }

  /** Tells others that this process lives, and tries the disk again. */
  heartbeat(): Promise<void> {
    return this.#next(async () => {
      await this.parts.files?.touch();
      if (this.#kept.count > 0) await this.#write(this.#kept);
    });
  }

  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done;
    return done;
  }

  async #commit({ records, resolve }: Group): Promise<void> {
    this.#group = undefined;
    if (this.#kept.count > 0) this.#kept.addAll(records);
    resolve(await this.#write(this.#kept.count > 0 ? this.#kept : records));
    records.clear();
    this.#spare = records;
  }

  #newGroup(): Group {
    const records = this.#spare ?? new RecordBuffer();
    this.#spare = undefined;
    let resolve: (where: Durability) => void = () => undefined;
    const done = new Promise<Durability>((settle) => {
      resolve = settle;
    });
    return { records, done, resolve };
  }

  #bytesInMemory(): number {
    return this.#kept.length + this.#pinnedBytes + (this.#group?.records.length ?? 0);
  }

  /** Records that the disk did not take are kept. */
  async #write(records: RecordBuffer): Promise<Durability> {
    const { files, clock } = this.parts;
    if (files === undefined || clock.monotonic() < this.#retryAt) return this.#keep(records);
    try {
      if (await files.write(records)) return this.#succeeded(records);
      this.#failed("it is not sure what the file holds");
      return this.#pin(records);
    } catch (error) {
      this.#failed(text(error));
      return this.#keep(records);
    }
  }

  #succeeded(records: RecordBuffer): "disk" {
    const { telemetry, files } = this.parts;
    const { count: entries } = records;
    telemetry.counter(writtenTotal).cell().add(entries);
    if (this.#isFailing) telemetry.report(diskRecovered, { folder: files?.folder ?? "", entries });
    this.#isFailing = false;
    if (records === this.#kept) records.clear();
    return "disk";
  }

  #failed(reason: string): void {
    const { clock, telemetry, files } = this.parts;
    this.#retryAt = clock.monotonic() + RETRY;
    telemetry.counter(diskFullTotal).cell().add();
    if (!this.#isFailing) telemetry.report(diskFullFailopen, { folder: files?.folder ?? "", reason });
    this.#isFailing = true;
  }

  #keep(records: RecordBuffer): "memory" {
    if (records !== this.#kept) this.#kept.addAll(records);
    return "memory";
  }

  #pin(records: RecordBuffer): "memory" {
    const { count, first } = records;
    const bytes = Buffer.from(records.bytes);
    this.#pinned.push({ id: this.parts.newId(), bytes, count, first, taken: 0, handed: 0 });
    this.#pinnedBytes += bytes.length;
    if (records === this.#kept) records.clear();
    return "memory";
  }
}
