import { lstatSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { TelemetryHub } from "../../src/telemetry/telemetry.js";
import { Identity } from "../../src/wal/owner.js";
import { header, RecordBuffer, type WalRecord } from "../../src/wal/record.js";
import type { Taker } from "../../src/wal/source.js";
import { Wal, type WalOptions } from "../../src/wal/wal.js";

/** No process has it: Linux gives none above 2^22. */
export const DEAD_PID: number = 2 ** 22 + 1;

export const record = (seq: number, data: object = { note: `kaputt — 失敗 😀 ${seq}` }): WalRecord => ({
  seq,
  ts: 1_767_225_600_000 + seq,
  data,
});

export function bytesOf(...records: WalRecord[]): Buffer {
  const buffer = new RecordBuffer();
  for (const one of records) buffer.add(one);
  return Buffer.from(buffer.bytes);
}

export const whole = (...records: WalRecord[]): Buffer => Buffer.concat([header(), bytesOf(...records)]);

/** The name of a file that a process of this place left. */
export function left(seconds: number, pid = DEAD_PID, name = "test"): string {
  const { digits } = new Identity(pid).next();
  return `${name}-${digits}_20260101_${String(seconds).padStart(6, "0")}_${pid}.wal`;
}

/** Takes into a list. */
export class List implements Taker {
  readonly taken: { readonly id: string; readonly seq: number; readonly data: unknown }[] = [];
  readonly finishedIds: string[] = [];
  /** Batches that are taken before one is refused. */
  patience = Number.POSITIVE_INFINITY;

  get data(): unknown[] {
    return this.taken.map(({ data }) => data);
  }

  async take(id: string, records: readonly WalRecord[]): Promise<void> {
    if (this.patience-- <= 0) throw new Error("refused");
    this.taken.push(...records.map(({ seq, data }) => ({ id, seq, data })));
  }

  async finished(id: string): Promise<void> {
    this.finishedIds.push(id);
  }
}

/** A temporary folder with logs in it. */
export class Logs implements AsyncDisposable {
  readonly clock: FakeClock = createFakeClock();
  readonly hub: TelemetryHub = new TelemetryHub(this.clock);
  readonly telemetry: RecordedTelemetry = recordTelemetry({ telemetry: this.hub });
  readonly #open: Wal[] = [];

  private constructor(readonly root: string) {}

  static async create(): Promise<Logs> {
    return new Logs(await mkdtemp(join(tmpdir(), "baldur-wal-")));
  }

  get folder(): string {
    return join(this.root, "wal");
  }

  open(options: Partial<WalOptions> = {}): Wal {
    const { clock, hub: telemetry, folder } = this;
    const wal = new Wal({ name: "test", folder, clock, telemetry, ...options });
    this.#open.push(wal);
    return wal;
  }

  async put(name: string, content: string | Buffer): Promise<string> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, name);
    await writeFile(path, content);
    return path;
  }

  list(folder: string = this.folder): string[] {
    return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(folder).sort() : [];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const wal of this.#open) await wal[Symbol.asyncDispose]();
    await rm(this.root, { recursive: true, force: true });
  }
}
