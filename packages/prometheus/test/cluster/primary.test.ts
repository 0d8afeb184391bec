import type { Cluster, Worker } from "node:cluster";
import { EventEmitter } from "node:events";
import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { isMessage, type Message, wrap } from "../../src/cluster/messages.js";
import { Primary } from "../../src/cluster/primary.js";
import type { Family } from "../../src/family.js";

/** A worker that answers when the test says so. */
class FakeWorker {
  readonly asked: number[] = [];

  constructor(
    readonly id: number,
    private readonly cluster: EventEmitter,
  ) {}

  isConnected(): boolean {
    return true;
  }

  send(message: unknown): void {
    if (isMessage(message) && message.step === "read") this.asked.push(message.id);
  }

  tell(message: Message): void {
    this.cluster.emit("message", this, wrap(message));
  }

  /** To the latest question: so much was done. */
  answers(value: number): void {
    const id = this.asked.at(-1) as number;
    const done: Family = {
      ...{ name: "done_total", type: "counter", help: "h", across: "sum", bounds: [] },
      series: [{ labels: {}, value }],
    };
    this.tell({ step: "part", id, family: done, last: false });
    this.tell({ step: "part", id, last: true });
  }
}

function create() {
  const clock = createFakeClock();
  const cluster = new EventEmitter();
  const primary = new Primary({ cluster: cluster as unknown as Cluster, clock, timeout: 1000 }).open();
  const enter = (id: number): FakeWorker => {
    const worker = new FakeWorker(id, cluster);
    worker.tell({ step: "present" });
    return worker;
  };
  /** What is done by all, with what happens while they are asked. */
  const done = async (meanwhile: () => void): Promise<number | undefined> => {
    const page = primary.page();
    await clock.advance(0);
    meanwhile();
    await clock.advance(1000);
    const family = (await page)?.find(({ name }) => name === "done_total");
    const [series] = [...(family?.series ?? [])];
    return (series as { value: number } | undefined)?.value;
  };
  const exit = (worker: FakeWorker): void => void cluster.emit("exit", worker as unknown as Worker);
  return { enter, done, exit };
}

describe("a worker that ends while it is asked", () => {
  it.each([
    ["by itself", (worker: FakeWorker) => worker.tell({ step: "absent" })],
    [
      "and its answer is read after its end",
      (worker: FakeWorker, exit: (worker: FakeWorker) => void) => exit(worker),
    ],
  ])("never makes the sums fall: %s", async (_, end) => {
    const { enter, done, exit } = create();
    const [one, two] = [enter(1), enter(2)];
    const both = (first: number, second: number) => () => {
      one.answers(first);
      two.answers(second);
    };
    expect(await done(both(1, 5))).toBe(6);
    const during = await done(() => {
      end(two, exit);
      both(1, 7)();
    });
    const after = await done(() => one.answers(1));
    expect(after).toBeGreaterThanOrEqual(during as number);
    expect(after).toBeGreaterThanOrEqual(6);
  });

  it("without an answer is counted by what it had said before", async () => {
    const { enter, done, exit } = create();
    const [one, two] = [enter(1), enter(2)];
    await done(() => {
      one.answers(1);
      two.answers(5);
    });
    const during = await done(() => {
      one.answers(2);
      exit(two);
    });
    expect(during).toBe(7);
    expect(await done(() => one.answers(2))).toBe(7);
  });
});
