import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type Baldur, type BaldurOptions, createBaldur } from "@baldur/core";
import { createFakeClock, type FakeClock, type RecordedTelemetry, recordTelemetry } from "@baldur/testkit";
import { pro } from "../src/pro.js";
import { expiredLicence, LICENCE } from "./licences.js";

/** How one application may be installed. */
export interface Tier {
  readonly name: string;
  readonly isPro: boolean;
  /** With the commercial packages. */
  readonly isInstalled: boolean;
  /** Why they are inert. */
  readonly reason?: RegExp;
  readonly status: "active" | "missing" | "invalid" | "expired";
  readonly env: (folder: string) => Record<string, string>;
}

const inFile = (content: string) => (folder: string) => {
  const file = join(folder, "licence");
  writeFileSync(file, content);
  return { BALDUR_LICENSE_FILE: file };
};

export const OSS: Tier = {
  name: "core alone",
  isPro: false,
  isInstalled: false,
  status: "missing",
  env: () => ({}),
};

export const INERT: readonly Tier[] = [
  { name: "no licence", status: "missing" as const, reason: /no licence is set/, env: () => ({}) },
  {
    name: "a licence file that is not there",
    status: "missing" as const,
    reason: /it does not exist/,
    env: () => ({ BALDUR_LICENSE_FILE: "/nowhere/baldur.license" }),
  },
  {
    name: "a garbage licence",
    status: "invalid" as const,
    reason: /./,
    env: inFile("garbage-".repeat(40)),
  },
  {
    name: "a licence that has ended",
    status: "expired" as const,
    reason: /expired on 2020-12-31/,
    env: inFile(expiredLicence()),
  },
].map((tier) => ({ ...tier, isPro: false, isInstalled: true }));

export const PRO: Tier = {
  name: "a licence",
  isPro: true,
  isInstalled: true,
  status: "active",
  env: () => ({ BALDUR_LICENSE_FILE: LICENCE }),
};

export const TIERS: readonly Tier[] = [OSS, ...INERT, PRO];

/** An application that was started on a tier: the same on each, down to its options. */
export class Running implements AsyncDisposable {
  readonly baldur: Baldur;
  readonly clock: FakeClock = createFakeClock(Date.UTC(2026, 5, 15));
  readonly telemetry: RecordedTelemetry;
  /** What was logged, above INFO. */
  readonly warnings: string[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "baldur-tiers-"));

  private constructor(tier: Tier, options: BaldurOptions) {
    const ignore = (): void => undefined;
    const warn = (_: object, event: string): void => void this.warnings.push(event);
    this.baldur = createBaldur({
      clock: this.clock,
      random: () => 0.5,
      discover: false,
      logger: { debug: ignore, info: ignore, warn, error: warn },
      plugins: tier.isInstalled ? pro() : [],
      settings: { replay: { rampUp: 0 } },
      ...options,
      env: { XDG_STATE_HOME: join(this.#folder, "state"), ...tier.env(this.#folder), ...options.env },
    });
    this.telemetry = recordTelemetry(this.baldur);
  }

  static async start(tier: Tier, options: BaldurOptions = {}): Promise<Running> {
    const running = new Running(tier, options);
    await running.baldur.start();
    return running;
  }

  /** What is on the disk. */
  files(): string[] {
    return (readdirSync(this.#folder, { recursive: true }) as string[]).filter((file) => file !== "licence");
  }

  /** Lets time pass, a step at a time with real I/O between, until something is so. */
  async until(isSo: () => boolean, step = 50): Promise<void> {
    const end = performance.now() + 20_000;
    while (!isSo()) {
      if (performance.now() > end) throw new Error("it never came to be so");
      await this.clock.advance(step);
      await sleep(1);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.baldur.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
