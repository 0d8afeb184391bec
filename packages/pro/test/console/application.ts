import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AdminServer, type AdminServerOptions, startAdminServer } from "@baldur/admin";
import { type Baldur, createBaldur, type Protected } from "@baldur/core";
import { type Dlq, getDlq } from "@baldur/pro-dlq";
import { pro } from "../../src/pro.js";
import { LICENCE } from "../licences.js";
import { eventually } from "./eventually.js";

const ignore = (): void => undefined;
const LOGGER = { debug: ignore, info: ignore, warn: ignore, error: ignore };
const TRIPS = { failureThreshold: 3, minimumCalls: 3, recoveryTimeout: 60_000 };

interface Order {
  readonly id: string;
  readonly note?: string;
}

/** A shop with a gateway that can be down, its dead letters on disk, and the admin server before it. */
export class Shop implements AsyncDisposable {
  isGatewayDown = true;
  /** Orders that the gateway has charged. */
  readonly charged: string[] = [];
  readonly charge: Protected<[Order], string>;
  server!: AdminServer;

  private constructor(
    readonly baldur: Baldur,
    private readonly folder: string,
  ) {
    this.charge = baldur.protected("charge", (order: Order) => this.#charge(order), {
      dlq: true,
      circuitBreaker: TRIPS,
    });
  }

  static async open(options: AdminServerOptions = {}): Promise<Shop> {
    const folder = mkdtempSync(join(tmpdir(), "baldur-console-"));
    const env = {
      BALDUR_LICENSE_FILE: LICENCE,
      BALDUR_DATA_DIR: folder,
      BALDUR_REPLAY_AUTOMATION_ON_RECOVERY_ENABLED: "false",
    };
    const baldur = createBaldur({ discover: false, plugins: pro(), logger: LOGGER, env });
    await baldur.start();
    const shop = new Shop(baldur, folder);
    await shop.serve(options);
    return shop;
  }

  get url(): string {
    return `${this.server.url}/`;
  }

  get dlq(): Dlq {
    return getDlq(this.baldur);
  }

  async serve(options: AdminServerOptions): Promise<void> {
    this.server = await startAdminServer({ baldur: this.baldur, port: 0, unlock: true, ...options });
  }

  /** Orders that cannot be charged, and are kept. Answers the ids of their dead letters, the newest first. */
  async loses(count: number): Promise<string[]> {
    await Promise.allSettled(
      Array.from({ length: count }, (_, index) => this.charge({ id: `order-${index}` })),
    );
    await eventually("the dead letters", async () => (await this.dlq.stats()).total >= count, 60_000);
    return (await this.dlq.list({ limit: 100 })).items.map(({ id }) => id);
  }

  async statusOf(id: string): Promise<string | undefined> {
    return (await this.dlq.get(id))?.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop({ timeout: 0 });
    await this.baldur.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #charge({ id }: Order): Promise<string> {
    if (this.isGatewayDown) throw new Error("the gateway is down", { cause: new Error("ECONNREFUSED") });
    this.charged.push(id);
    return id;
  }
}
