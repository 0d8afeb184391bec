import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { type Peer, Processes, until } from "./fixture.js";

jest.setTimeout(60_000);

let processes: Processes;
const start = (options: ConstructorParameters<typeof Processes>[0]): Processes => {
  processes = new Processes(options);
  return processes;
};
const peers = (...ids: (number | string)[]): Promise<Peer[]> =>
  Promise.all(ids.map((id) => processes.peer(id)));
afterEach(() => processes.stop());

/** Whether so many workers are on the page of this one. */
const attended = (peer: Peer, answered: number, silent = 0) =>
  until(async () => {
    const { answered: here, silent: away } = await peer.lines("baldur_metrics_workers");
    return here === answered && away === silent ? true : undefined;
  });

describe.each(["aggregate", "runtime"] as const)("workers of a primary that does: %s", (primary) => {
  it("have one page, whichever is asked: counts summed up, gauges as each says", async () => {
    start({ workers: 3, primary });
    const all = await peers(1, 2, 3);
    const [first, second, third] = all as [Peer, Peer, Peer];
    await first.work("a", 1);
    await second.work("a", 10);
    await second.work("b", 5);
    await third.get("/unready");
    const own = primary === "runtime" ? 1 : 0;
    for (const peer of all) {
      await attended(peer, 3);
      expect(await peer.lines("test_done_total")).toEqual({ a: 11, b: 5 });
      expect(await peer.lines("test_free")).toEqual({ "": 30 + 10 * own });
      expect(await peer.lines("test_ready")).toEqual({ all: 0 });
      expect(await peer.lines("baldur_up")).toEqual({ "": 1 });
      const durations = (await peer.read()).get("baldur_protect_duration_seconds")?.samples;
      expect(durations?.find(({ name }) => name.endsWith("_count"))?.value).toBe(3);
      expect((await peer.read("application/openmetrics-text")).get("test_done")?.samples).toHaveLength(2);
    }
    expect(await first.events()).not.toContain("prometheus.primary_silent");
  });
});

describe("the sums", () => {
  it("never fall: not when a worker is killed, nor when another begins, and the sum goes on", async () => {
    start({ workers: 2, primary: "aggregate" });
    const [first, second] = (await peers(1, 2)) as [Peer, Peer];
    await first.work("a", 3);
    await second.work("a", 4);
    await attended(first, 2);
    expect(await first.lines("test_done_total")).toEqual({ a: 7 });
    process.kill(second.pid, "SIGKILL");
    await processes.ended(2);
    await attended(first, 1);
    expect(await first.lines("test_done_total")).toEqual({ a: 7 });
    expect(await first.lines("test_free")).toEqual({ "": 10 });
    processes.tell("fork");
    const third = await processes.peer(3);
    await third.work("a", 100);
    await attended(third, 2);
    for (const peer of [first, third]) expect(await peer.lines("test_done_total")).toEqual({ a: 107 });
  });

  it("keep what a worker had counted whose runtime was closed, and whose process goes on", async () => {
    start({ workers: 2, primary: "aggregate" });
    const [first, second] = (await peers(1, 2)) as [Peer, Peer];
    await second.work("a", 4);
    await attended(first, 2);
    expect(await first.lines("test_done_total")).toEqual({ a: 4 });
    await second.get("/close");
    await attended(first, 1);
    expect(await first.lines("test_done_total")).toEqual({ a: 4 });
  });
});

describe("[BUG] a worker that does not answer", () => {
  it("froze the page: its gauges are absent, its counts are those of before, until it answers again", async () => {
    start({ workers: 2, primary: "runtime", workerTimeout: 400 });
    const [primary, first, second] = (await peers("primary", 1, 2)) as [Peer, Peer, Peer];
    await first.work("a", 1);
    await second.work("a", 2);
    await attended(first, 2);
    await second.get("/unready");
    const ready = async (value: number) =>
      (await first.lines("test_ready"))["all"] === value ? true : undefined;
    await until(() => ready(0));
    process.kill(second.pid, "SIGSTOP");
    try {
      await attended(first, 1, 1);
      expect(await first.lines("test_done_total")).toEqual({ a: 3 });
      expect(await first.lines("test_ready")).toEqual({ all: 1 });
      expect(await first.lines("test_free")).toEqual({ "": 20 });
      await first.work("a", 10);
      expect(await first.lines("test_done_total")).toEqual({ a: 13 });
    } finally {
      process.kill(second.pid, "SIGCONT");
    }
    await attended(first, 2);
    await until(() => ready(0));
    expect(await primary.events()).toContain("prometheus.worker_silent");
  });
});

describe("a page that is made while workers die", () => {
  it("comes all the same, with what they had counted, and says how many are missing", async () => {
    start({ workers: 3, primary: "runtime", workerTimeout: 400 });
    const [primary, first, stopped, killed] = (await peers("primary", 1, 2, 3)) as [Peer, Peer, Peer, Peer];
    for (const [n, peer] of [first, stopped, killed].entries()) await peer.work("a", 10 ** n);
    await attended(first, 3);
    await until(async () => ((await first.lines("test_done_total"))["a"] === 111 ? true : undefined));
    process.kill(stopped.pid, "SIGSTOP");
    try {
      process.kill(killed.pid, "SIGSTOP"); // so that it is asked, and dies before it answers
      const pages = [first, primary].map((peer) => peer.read());
      process.kill(killed.pid, "SIGKILL");
      for (const page of await Promise.all(pages)) {
        expect(page.get("test_done_total")?.samples).toMatchObject([{ labels: { kind: "a" }, value: 111 }]);
        expect(page.get("test_free")?.samples).toMatchObject([{ value: 20 }]); // of the first, and the primary
        const missing = page.get("baldur_metrics_workers")?.samples;
        expect(missing).toMatchObject([
          { labels: { state: "answered" }, value: 1 },
          { labels: { state: "silent" } },
        ]);
        expect(missing?.[1]?.value).toBeGreaterThanOrEqual(1);
      }
      await processes.ended(3);
      await attended(first, 1, 1);
      await first.work("a", 1000);
      for (const peer of [first, primary]) expect(await peer.lines("test_done_total")).toEqual({ a: 1111 });
    } finally {
      process.kill(stopped.pid, "SIGCONT");
    }
    await attended(first, 2);
    expect(await first.lines("test_done_total")).toEqual({ a: 1111 });
    expect(await first.lines("test_free")).toEqual({ "": 30 });
  });

  it("is that of the worker that is asked where the primary stands still, until it goes on", async () => {
    start({ workers: 2, primary: "runtime", workerTimeout: 200 });
    const [primary, first, second] = (await peers("primary", 1, 2)) as [Peer, Peer, Peer];
    await first.work("a", 1);
    await second.work("a", 2);
    await attended(first, 2);
    process.kill(primary.pid, "SIGSTOP");
    try {
      expect(await first.lines("test_done_total")).toEqual({ "1 a": 1 });
      expect(await first.events()).toContain("prometheus.primary_silent");
    } finally {
      process.kill(primary.pid, "SIGCONT");
    }
    await until(async () => ((await first.lines("test_done_total"))["a"] === 3 ? true : undefined));
  });
});

describe("a worker whose primary puts nothing together", () => {
  it("shows its own metrics, told apart by its number, and all of them once the primary does", async () => {
    start({ workers: 2 });
    const [first, second] = (await peers(1, 2)) as [Peer, Peer];
    await first.work("a", 1);
    await second.work("a", 2);
    expect(await first.lines("test_done_total")).toEqual({ "1 a": 1 });
    expect(await second.lines("test_done_total")).toEqual({ "2 a": 2 });
    const samples = (await first.read()).get("baldur_circuit_breaker_state")?.samples;
    expect(samples).toMatchObject([{ labels: { worker: "1", service: "pay" } }]);
    processes.tell("aggregate");
    await processes.heard("aggregating");
    await attended(first, 2);
    expect(await first.lines("test_done_total")).toEqual({ a: 3 });
  });

  it("shows its own as they are where that is what was asked for", async () => {
    start({ workers: 2, primary: "aggregate", aggregate: false });
    const [first, second] = (await peers(1, 2)) as [Peer, Peer];
    await first.work("a", 1);
    await second.work("a", 2);
    expect(await first.lines("test_done_total")).toEqual({ a: 1 });
    expect(await second.lines("test_done_total")).toEqual({ a: 2 });
  });
});
