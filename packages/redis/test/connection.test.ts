import { createFakeClock, type FakeClock } from "@baldur/testkit";
import { beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { LONGEST_WAIT, waitBefore } from "../src/backoff.js";
import { Connection, type Observer } from "../src/connection.js";
import { FakeServer } from "./fake-link.js";
import { errorOf } from "./fixture.js";

const TIMING = { timeout: 1000, silence: 300, connectTimeout: 500, healthCheckInterval: 30_000 };

let clock: FakeClock;
let server: FakeServer;
let connection: Connection;
let seen: string[];

beforeEach(() => {
  clock = createFakeClock();
  server = new FakeServer(() => clock.monotonic());
  seen = [];
  const observer: Observer = {
    up: () => seen.push("up"),
    down: ({ type }) => seen.push(`down ${type}`),
    failed: ({ type }) => seen.push(`failed ${type}`),
    missed: (how) => seen.push(how),
  };
  connection = new Connection({
    address: "redis://fake",
    source: server.source,
    clock,
    timing: TIMING,
    observer,
    random: () => 0.999,
  });
});

const ask = (): Promise<unknown> => connection.send("GET", (link) => link.call(["GET", "key"]));

async function opened(): Promise<void> {
  connection.start();
  await clock.advance(0);
  expect(connection.isUp).toBe(true);
}

describe("the wait before the next try", () => {
  it("is short at first, doubles up to two seconds, and is half chance", () => {
    expect(waitBefore(0, () => 0)).toBe(12.5);
    fc.assert(
      fc.property(
        fc.nat({ max: 10_000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, chance) => {
          const wait = waitBefore(failures, () => chance);
          const longest = waitBefore(failures, () => 0) * 2;
          expect(wait).toBeLessThanOrEqual(LONGEST_WAIT);
          expect(wait).toBeGreaterThanOrEqual(longest / 2);
          expect(wait).toBeLessThanOrEqual(longest);
          expect(waitBefore(failures + 1, () => 0)).toBe(Math.min(LONGEST_WAIT / 2, longest));
        },
      ),
    );
  });
});

describe("a connection", () => {
  it("is tried again and again, never more than two seconds apart", async () => {
    server.mode = "refuse";
    connection.start();
    await clock.advance(20_000);
    const waits = server.tries.slice(1).map((at, index) => at - (server.tries[index] as number));
    expect(waits[0]).toBeLessThan(25);
    expect(Math.max(...waits)).toBeLessThanOrEqual(LONGEST_WAIT);
    expect(waits.length).toBeGreaterThan(12);
    expect(seen).toEqual(server.tries.map(() => "failed ECONNREFUSED"));
    server.mode = "accept";
    await clock.advance(LONGEST_WAIT);
    expect(seen.at(-1)).toBe("up");
  });

  it("whose opening is silent is given up in time", async () => {
    server.mode = "silent";
    connection.start();
    await clock.advance(TIMING.connectTimeout);
    expect(seen).toEqual(["failed timeout"]);
    expect(server.aborted).toBe(1);
  });

  it("that is lost is made anew at once, if it held before", async () => {
    await opened();
    await clock.advance(LONGEST_WAIT);
    server.last.end();
    expect(seen).toEqual(["up", "down closed"]);
    await clock.advance(25);
    expect(seen).toEqual(["up", "down closed", "up"]);
    expect(server.links[0]?.discarded).toBe(true);
  });

  it("that does not hold is made anew ever more slowly", async () => {
    await opened();
    const waits: number[] = [];
    for (let n = 0; n < 10; n++) {
      const lostAt = clock.monotonic();
      server.last.end();
      await clock.advance(LONGEST_WAIT - 1); // it comes back meanwhile, and holds for less
      waits.push((server.tries.at(-1) as number) - lostAt);
    }
    expect(waits[0]).toBeLessThan(25);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeGreaterThan(LONGEST_WAIT / 2);
  });

  it("that ends while it is being opened is not used", async () => {
    connection.start();
    server.last.isReady = false;
    await clock.advance(0);
    expect(seen).toEqual(["failed closed"]);
    expect(server.aborted).toBe(1);
  });

  it("is asked from time to time, and given up without an answer", async () => {
    await opened();
    await clock.advance(TIMING.healthCheckInterval);
    expect(server.last.asked).toHaveLength(1);
    server.last.asked[0]?.resolve("PONG");
    await clock.advance(TIMING.healthCheckInterval);
    expect(server.last.asked).toHaveLength(2);
    await clock.advance(TIMING.timeout);
    expect(seen.slice(0, 2)).toEqual(["up", "down timeout"]);
  });

  it("that is silent is not used until it answers, and keeps what waits", async () => {
    await opened();
    const first = ask();
    await clock.advance(TIMING.silence - 1);
    const second = ask();
    expect(connection.isUp).toBe(true);
    await clock.advance(1);
    expect(connection.isUp).toBe(false);
    await expect(errorOf(ask())).resolves.toMatchObject({ reason: "timeout", sent: false });
    await clock.advance(TIMING.timeout - TIMING.silence - 1);
    server.last.asked[0]?.resolve("late");
    await expect(first).resolves.toBe("late");
    expect(connection.isUp).toBe(false); // the second has been waiting too
    server.last.asked[1]?.reject(Object.assign(new Error("WRONGTYPE no"), { name: "ReplyError" }));
    await expect(errorOf(second)).resolves.toMatchObject({ reason: "WRONGTYPE" });
    expect(connection.isUp).toBe(true);
    expect(seen).toEqual(["up", "down timeout", "not_sent", "refused", "up"]);
    expect(server.tries).toHaveLength(1);
  });

  it("that ends in its silence is lost once", async () => {
    await opened();
    const asked = errorOf(ask());
    await clock.advance(TIMING.silence);
    server.last.isReady = false;
    server.last.asked[0]?.reject(new Error("it went away"));
    await expect(asked).resolves.toMatchObject({ reason: "closed", sent: true });
    server.last.end();
    expect(seen).toEqual(["up", "down timeout", "lost"]);
    await clock.advance(LONGEST_WAIT);
    expect(seen.at(-1)).toBe("up");
  });

  it("that answered in time after its silence is watched as before", async () => {
    await opened();
    const answers = [ask(), ask()];
    await clock.advance(TIMING.silence);
    for (const { resolve } of server.last.asked) resolve("value");
    await Promise.all(answers);
    const idle = clock.pending;
    const next = ask();
    expect(clock.pending).toBe(idle + 1);
    await clock.advance(TIMING.silence);
    expect(seen).toEqual(["up", "down timeout", "up", "down timeout"]);
    server.last.asked.at(-1)?.resolve("value");
    await next;
  });

  it("that was discarded says nothing any more", async () => {
    await opened();
    const [first] = server.links;
    await clock.advance(LONGEST_WAIT);
    first?.end();
    await clock.advance(100);
    first?.end();
    expect(seen).toEqual(["up", "down closed", "up"]);
    expect(connection.isUp).toBe(true);
  });
});

describe("what is asked", () => {
  it("is rejected when the first of it has waited too long, all at once", async () => {
    await opened();
    const early = errorOf(ask());
    await clock.advance(TIMING.silence - 1);
    const late = errorOf(ask());
    await clock.advance(TIMING.timeout - TIMING.silence + 1);
    await expect(early).resolves.toMatchObject({ reason: "timeout", sent: true });
    await expect(late).resolves.toMatchObject({ reason: "timeout", sent: true });
    await expect(errorOf(ask())).resolves.toMatchObject({ reason: "timeout", sent: false });
    expect(seen).toEqual(["up", "down timeout", "timeout", "timeout", "not_sent"]);
  });

  it("has one timer for all, which runs out when nothing waits", async () => {
    await opened();
    const idle = clock.pending;
    for (let n = 0; n < 3; n++) {
      const answers = [ask(), ask()];
      expect(clock.pending).toBe(idle + 1);
      for (const { resolve } of server.last.asked) resolve("value");
      await expect(Promise.all(answers)).resolves.toEqual(["value", "value"]);
    }
    await clock.advance(TIMING.silence);
    expect(clock.pending).toBe(idle);
    expect(seen).toEqual(["up"]);
  });

  it("is refused as soon as the connection says so, before its end is told", async () => {
    await opened();
    server.last.isReady = false;
    await expect(errorOf(ask())).resolves.toMatchObject({ reason: "closed", sent: false });
    expect(server.last.asked).toEqual([]);
  });

  it("is rejected by what it throws at once", async () => {
    await opened();
    const thrown = connection.send("GET", () => {
      throw Object.assign(new Error("WRONGTYPE no"), { name: "ReplyError" });
    });
    await expect(errorOf(thrown)).resolves.toMatchObject({ reason: "WRONGTYPE" });
  });

  it("settles within the time for it, whatever happens", async () => {
    const step = fc.oneof(
      fc.constant("ask" as const),
      fc.constant("answer" as const),
      fc.constant("end" as const),
      fc.constant("refuse" as const),
      fc.constant("accept" as const),
      fc.constant("silent" as const),
      fc.integer({ min: 1, max: 1500 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const time = createFakeClock();
        const peer = new FakeServer(() => time.monotonic());
        const quiet = () => undefined;
        let told = false;
        const tell = (isUp: boolean): void => {
          expect(isUp).not.toBe(told);
          expect(tested.isUp).toBe(isUp);
          told = isUp;
        };
        const observer = { up: () => tell(true), down: () => tell(false), failed: quiet, missed: quiet };
        const parts = {
          address: "x",
          source: peer.source,
          clock: time,
          timing: TIMING,
          observer,
          random: () => 0,
        };
        const tested = new Connection(parts);
        tested.start();
        const durations: (number | undefined)[] = [];
        for (const one of steps) {
          if (one === "ask") {
            const index = durations.push(undefined) - 1;
            const began = time.monotonic();
            const settled = (): void => {
              durations[index] = time.monotonic() - began;
            };
            tested.send("GET", (link) => link.call(["GET", "key"])).then(settled, settled);
          } else if (one === "answer") peer.links.at(-1)?.asked.shift()?.resolve("value");
          else if (one === "end") peer.links.at(-1)?.end();
          else if (typeof one === "number") await time.advance(one);
          else peer.mode = one;
        }
        await time.advance(TIMING.timeout);
        for (const duration of durations) expect(duration).toBeLessThanOrEqual(TIMING.timeout);
        const closing = tested.close();
        await time.advance(1000);
        await closing;
        expect(time.pending).toBe(0);
      }),
    );
  });
});

describe("closing", () => {
  it("waits for answers a second at most, and leaves no timer", async () => {
    await opened();
    const answered = ask();
    const unanswered = errorOf(ask());
    const closing = connection.close();
    server.last.asked[0]?.resolve("value");
    await expect(answered).resolves.toBe("value");
    await clock.advance(1000);
    await closing;
    await expect(unanswered).resolves.toMatchObject({ reason: "stopped", sent: true });
    expect(server.last.discarded).toBe(true);
    expect(clock.pending).toBe(0);
    expect(seen).toEqual(["up", "lost"]);
  });

  it("ends what is being opened", async () => {
    server.mode = "silent";
    connection.start();
    await connection.close();
    expect(server.aborted).toBe(1);
    await clock.advance(0);
    expect(clock.pending).toBe(0);
    expect(seen).toEqual([]);
  });
});
