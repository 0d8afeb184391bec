import { type RedisServer, startRedis } from "@baldur/services";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { errorOf, Fleet, type Member, runs } from "./fixture.js";

const KILLS = runs(3);
const KEYS = 150;
const SHARERS = 3;
const PAUSE = 10;

let server: RedisServer;
let fleet: Fleet;
beforeEach(async () => {
  server = await startRedis({ persistence: true });
  fleet = new Fleet(server);
});
afterEach(async () => {
  await fleet.dissolve();
  await server.stop();
});
jest.setTimeout(60_000 + KILLS * 5000);

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE));

/** Asks again and again, as a caller does who must know, until the work of the key was done by someone. */
async function untilDone({ baldur }: Member, key: string, work: () => Promise<void>): Promise<void> {
  for (;;) {
    const options = { idempotencyKey: () => key, circuitBreaker: false };
    const error = await baldur.protect("charge", work, options).then(
      () => undefined,
      (problem: unknown) => problem as { code?: string; decision?: string },
    );
    if (error === undefined || error.decision === "skip") return;
    if (error.decision !== "abort" && error.code !== "ERR_BALDUR_IDEMPOTENCY_UNAVAILABLE") throw error;
    await pause();
  }
}

describe("a Redis that is killed again and again", () => {
  it("lets the work of every key be done, and none of it twice", async () => {
    const members = await Promise.all(Array.from({ length: SHARERS }, () => fleet.join({ patience: 300 })));
    const done = new Map<string, number>();
    let killing = true;
    const charge = async (key: string): Promise<void> => {
      await pause();
      done.set(key, (done.get(key) ?? 0) + 1);
    };
    const share = async (member: Member): Promise<number> => {
      let key = 0;
      for (; killing || key < KEYS; key++)
        await untilDone(member, `order ${key}`, () => charge(`order ${key}`));
      return key;
    };
    // Each goes through the same keys, several at a time.
    const sharing = [...members, ...members].map(share);
    for (let n = 0; n < KILLS; n++) {
      await pause();
      await server.kill();
      await pause();
      await server.restart({ keepData: true });
    }
    killing = false;
    const reached = Math.max(...(await Promise.all(sharing)));
    expect(done.size).toBe(reached);
    expect([...done].filter(([, times]) => times > 1)).toEqual([]);
    expect(
      await errorOf(
        members[0]?.baldur.protect("charge", pause, { idempotencyKey: () => "order 0" }) as never,
      ),
    ).toMatchObject({ decision: "skip" });
  });
});
