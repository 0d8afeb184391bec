import { Agent } from "node:http";
import { ask } from "../adapter/client.js";

const TICK = 20;
/** What is asked for in turn, and what the answer must be. */
const REQUESTS: readonly (readonly [path: string, body: unknown, answer: string])[] = [
  ["/quick", undefined, "quick"],
  ["/slow", undefined, "slow"],
  ["/pay", { order: 1, filler: "x".repeat(2000) }, "paid"],
  ["/stream", undefined, "first last"],
];

/** Sends so many requests a second, and keeps what failed. */
export class Load {
  readonly failures: string[] = [];
  readonly #agent = new Agent({ keepAlive: true });
  readonly #underWay = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #owed = 0;
  sent = 0;

  constructor(
    private readonly port: number,
    perSecond: number,
  ) {
    this.#timer = setInterval(() => {
      this.#owed += (perSecond * TICK) / 1000;
      for (; this.#owed >= 1; this.#owed--) this.#send();
    }, TICK);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#underWay);
    this.#agent.destroy();
  }

  #send(): void {
    const request = REQUESTS[this.sent++ % REQUESTS.length] as (typeof REQUESTS)[number];
    const work = this.#one(...request).finally(() => this.#underWay.delete(work));
    this.#underWay.add(work);
  }

  async #one(path: string, body: unknown, expected: string): Promise<void> {
    try {
      const answer = await ask(this.port, path, { agent: this.#agent, body });
      if (answer.status !== 200 || answer.body !== expected)
        this.failures.push(`${path}: ${answer.status} ${answer.body}`);
    } catch (error) {
      this.failures.push(`${path}: ${String(error)}`);
    }
  }
}
