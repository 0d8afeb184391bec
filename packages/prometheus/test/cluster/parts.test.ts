import { createFakeClock } from "@baldur/testkit";
import { describe, expect, it } from "@jest/globals";
import { Answers } from "../../src/cluster/answers.js";
import { isMessage, type Message, wrap } from "../../src/cluster/messages.js";
import { sendParts } from "../../src/cluster/parts.js";
import type { Family, Series } from "../../src/family.js";
import { Pace } from "../../src/pace.js";

const family = (name: string, series: readonly Series[]): Family => ({
  ...{ name, type: "gauge", help: "h", across: "max", bounds: [], series },
});
const lines = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ labels: { i: `${i}` }, value: i }));

/** As the channel between processes does it. */
const carried = (message: Message): unknown => JSON.parse(JSON.stringify(wrap(message)));

async function sent(families: readonly Family[]): Promise<Message[]> {
  const messages: Message[] = [];
  await sendParts(7, families, new Pace(createFakeClock()), (message) => {
    const arrived = carried(message);
    if (isMessage(arrived)) messages.push(arrived);
  });
  return messages;
}

async function received(families: readonly Family[]): Promise<readonly Family[] | undefined> {
  const answers = new Answers(createFakeClock());
  return answers.ask(1000, (id) => {
    void sent(families).then((messages) => {
      for (const message of messages) if (message.step === "part") answers.take({ ...message, id });
    });
  });
}

describe("an answer between processes", () => {
  it("arrives as it was sent, each family once, however many series it has", async () => {
    const families = [family("a", lines(1200)), family("b", lines(3)), family("c", lines(500))];
    expect(await received(families)).toEqual(families);
    expect((await sent(families)).length).toBe(3 + 1 + 1 + 1);
  });

  it("may be empty", async () => {
    expect(await received([])).toEqual([]);
    expect(await received([family("a", [])])).toEqual([]);
  });

  it("leaves out what the channel cannot carry, rather than sending null", async () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, 2].map((value) => ({ labels: {}, value }));
    expect(await received([family("a", odd)])).toEqual([family("a", [{ labels: {}, value: 2 }])]);
  });

  it("that does not come in time is none, and what comes later is nobody's", async () => {
    const clock = createFakeClock();
    const answers = new Answers(clock);
    const ids: number[] = [];
    const late = answers.ask(1000, (id) => ids.push(id));
    await clock.advance(1000);
    expect(await late).toBeUndefined();
    answers.take({ step: "part", id: ids[0] as number, family: family("a", lines(1)), last: true });
    const next = answers.ask(1000, (id) => answers.take({ step: "part", id, last: true }));
    expect(await next).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});

it("other messages of a channel are not ours", () => {
  for (const message of [null, undefined, 1, "x", {}, { protocol: "x" }, { step: "led" }])
    expect(isMessage(message)).toBe(false);
});
