import type {
  CircuitRecord,
  FleetListener,
  FleetRow,
  FleetStore,
  ProbeAnswer,
  ProbeRequest,
} from "@baldur/core/plugin";
import type { FakeClock } from "../clock.js";
import { testFramework } from "./test-framework.js";

/** What the contract needs of a store under test. @public */
export interface FleetStoreSubject {
  readonly name: string;
  /** The store as two processes have it, and the clock that it goes by. */
  create(): Promise<{
    readonly store: FleetStore;
    readonly other: FleetStore;
    readonly clock: FakeClock;
    close?(): Promise<void>;
  }>;
}

const WAIT = 60_000;
const TTL = 10_000;
/** Turns of the event loop in which a message comes. */
const PATIENCE = 100_000;
const NAME = "db";

type Granted = Extract<ProbeAnswer, { kind: "granted" }>;

const request = (owner: string, limit = 2): ProbeRequest => ({ owner, by: "p", limit, ttl: TTL });

/** What a listener heard; made of what is promised to be told at some time. */
class Heard implements FleetListener {
  readonly records: CircuitRecord[] = [];

  heard(record: CircuitRecord): void {
    this.records.push(record);
  }

  gap(): void {
    // Nothing is missed here.
  }

  /** So many of the circuit, or what there is when that takes too long. */
  async until(count: number, clock: FakeClock): Promise<readonly CircuitRecord[]> {
    const told = (): CircuitRecord[] => this.records.filter(({ name }) => name === NAME);
    for (let turn = 0; turn < PATIENCE && told().length < count; turn++) await clock.advance(0);
    return told();
  }
}

/** The promises of the port of what circuits share, as a suite of tests. @public */
export function fleetStoreContract(subject: FleetStoreSubject): void {
  const { afterEach, describe, expect, it } = testFramework();
  describe(`${subject.name} keeps the contract of fleet stores`, () => {
    let close: (() => Promise<void>) | undefined;
    const open = async () => {
      const opened = await subject.create();
      close = opened.close?.bind(opened);
      const { store } = opened;
      const rowOf = (change: Partial<FleetRow> = {}): FleetRow => ({
        name: NAME,
        epoch: 0,
        unconfirmed: true,
        state: "closed",
        since: store.now(),
        openUntil: 0,
        trigger: "recovery",
        by: "p",
        pinned: 0,
        ...change,
      });
      const openRow = (): FleetRow =>
        rowOf({ state: "open", openUntil: store.now() + WAIT, trigger: "failures" });
      const trip = (instance = "a", quorum = 1, by = store) =>
        by.trip(openRow(), { instance, until: store.now() + WAIT, quorum });
      /** Open, and due for a probe. */
      const due = async (): Promise<void> => {
        await trip();
        await opened.clock.advance(WAIT);
      };
      const granted = async (owner: string, limit?: number): Promise<Granted> => {
        const answer = await store.acquireProbe(NAME, request(owner, limit));
        expect(answer.kind).toBe("granted");
        return answer as Granted;
      };
      return { ...opened, rowOf, openRow, trip, due, granted };
    };

    afterEach(async () => {
      await close?.();
      close = undefined;
    });

    it("holds nothing at first, and says so", async () => {
      const { store } = await open();
      expect(await store.load()).toEqual([]);
      expect(await store.load([NAME])).toEqual([]);
      expect(await store.changes(0)).toEqual([]);
      expect(await store.acquireProbe(NAME, request("a"))).toEqual({ kind: "unknown" });
      expect((await store.endProbe(NAME, { owner: "a", epoch: 1 }, { how: "neutral" })).kind).toBe("lost");
    });

    it("opens a circuit once, however many say so", async () => {
      const { store, other, trip } = await open();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => trip(`instance-${n}`, 1, n % 2 === 0 ? store : other)),
      );
      expect(answers.filter(({ kind }) => kind === "opened")).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === "open")).toHaveLength(9);
      expect(new Set(answers.map(({ record }) => record.epoch)).size).toBe(1);
    });

    it("gives back what it was told, to everybody", async () => {
      const { store, other, openRow } = await open();
      const pin = { state: "forced_open" as const, reason: "r", actor: "a", until: store.now() + WAIT };
      const row = { ...openRow(), pinned: store.now(), pin };
      const { written, record } = await store.publish(row, 0);
      expect(written).toBe(true);
      const { unconfirmed: _, ...rest } = row;
      const { epoch, revision } = record;
      expect(record).toEqual({ ...rest, epoch, revision, successes: 0, probes: [], votes: [] });
      expect(await other.load([NAME, "unknown"])).toEqual([record]);
      expect(await other.load()).toEqual([record]);
    });

    it("keeps circuits of any name apart", async () => {
      const { store, openRow } = await open();
      const names = ["a", "b", "a}", "{a", "ä b:c", "*"];
      for (const name of names) await store.publish({ ...openRow(), name }, 0);
      const found = await store.load();
      expect(found.map(({ name }) => name).sort()).toEqual([...names].sort());
    });

    it("counts votes until they are enough, and none twice, nor when its time is over", async () => {
      const { store, trip, clock } = await open();
      expect((await trip("a", 3)).kind).toBe("voted");
      expect((await trip("a", 3)).record.votes).toHaveLength(1);
      expect(await store.acquireProbe(NAME, request("p"))).toEqual({ kind: "unknown" });
      await clock.advance(WAIT);
      expect((await trip("b", 3)).record.votes.map(({ instance }) => instance)).toEqual(["b"]);
      expect((await trip("c", 3)).kind).toBe("voted");
      expect((await trip("d", 3)).kind).toBe("opened");
    });

    it("takes a row that was decided on what is there, or on more, and refuses one on less", async () => {
      const { store, other, rowOf, trip } = await open();
      const { record } = await trip();
      const late = await other.publish(rowOf(), record.epoch - 1);
      expect(late).toEqual({ written: false, record });
      const closed = await other.publish(rowOf(), record.epoch);
      expect(closed).toMatchObject({ written: true, record: { state: "closed", votes: [] } });
      expect(closed.record.epoch).toBeGreaterThan(record.epoch);
      const restored = await store.publish(rowOf({ state: "open" }), closed.record.epoch + 1e6);
      expect(restored.written).toBe(true);
      expect(restored.record.epoch).toBeGreaterThan(closed.record.epoch + 1e6);
    });

    it("has no circuit open or probed while an operator decides, and takes him at his word until then", async () => {
      const { store, rowOf, trip, clock } = await open();
      const pin = { state: "forced_closed" as const, reason: "r", actor: "a", until: store.now() + TTL };
      const { record } = await store.publish(rowOf({ pinned: 1, pin }), 0);
      expect(await trip()).toEqual({ kind: "pinned", record });
      expect(await store.acquireProbe(NAME, request("a"))).toEqual({ kind: "pinned", record });
      await clock.advance(TTL);
      expect(await trip()).toMatchObject({ kind: "opened", record: { pinned: 1 } });
    });

    it("gives out no probe of a closed circuit, nor of an open one before it is due", async () => {
      const { store, other, trip, rowOf, clock } = await open();
      const { record } = await trip();
      expect(await other.acquireProbe(NAME, request("a"))).toEqual({ kind: "waiting", record });
      await clock.advance(WAIT - 1);
      expect((await other.acquireProbe(NAME, request("a"))).kind).toBe("waiting");
      await clock.advance(1);
      const probe = await other.acquireProbe(NAME, request("a"));
      expect(probe).toMatchObject({
        kind: "granted",
        began: true,
        reclaimed: 0,
        record: { state: "half_open" },
      });
      await store.publish(rowOf(), (probe as Granted).record.epoch);
      expect((await other.acquireProbe(NAME, request("b"))).kind).toBe("closed");
    });

    it("gives out as many probes as allowed, whoever asks", async () => {
      const { store, other, due } = await open();
      await due();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          (n % 2 === 0 ? store : other).acquireProbe(NAME, request(`probe-${n}`, 3)),
        ),
      );
      const granted = answers.filter((answer): answer is Granted => answer.kind === "granted");
      expect(granted).toHaveLength(3);
      expect(granted.filter(({ began }) => began)).toHaveLength(1);
      expect(answers.filter(({ kind }) => kind === "full")).toHaveLength(17);
    });

    it("gives a place on when it is given back, and when its time is over", async () => {
      const { store, other, due, granted, clock } = await open();
      await due();
      const { lease } = await granted("a", 1);
      expect((await other.acquireProbe(NAME, request("b", 1))).kind).toBe("full");
      expect((await store.endProbe(NAME, lease, { how: "neutral" })).kind).toBe("kept");
      await granted("b", 1);
      await clock.advance(TTL - 1);
      expect((await other.acquireProbe(NAME, request("c", 1))).kind).toBe("full");
      await clock.advance(1);
      expect(await other.acquireProbe(NAME, request("c", 1))).toMatchObject({
        kind: "granted",
        reclaimed: 1,
      });
    });

    it("closes with as many successes as are needed, whoever had them", async () => {
      const { store, other, due, granted, rowOf } = await open();
      await due();
      const [first, second] = [await granted("a"), await granted("b")];
      const success = { how: "success" as const, after: 2, row: rowOf() };
      const kept = await store.endProbe(NAME, first.lease, success);
      expect(kept).toMatchObject({ kind: "kept", record: { state: "half_open", successes: 1 } });
      const decided = await other.endProbe(NAME, second.lease, success);
      expect(decided).toMatchObject({
        kind: "decided",
        record: { state: "closed", probes: [], successes: 0 },
      });
      expect(decided.record?.epoch).toBeGreaterThan(second.record.epoch);
    });

    it("opens again with one failure, and what the other probes say is of no account", async () => {
      const { store, other, due, granted, rowOf, openRow } = await open();
      await due();
      const [first, second] = [await granted("a"), await granted("b")];
      const decided = await other.endProbe(NAME, first.lease, { how: "failure", row: openRow() });
      expect(decided).toMatchObject({ kind: "decided", record: { state: "open", probes: [{ owner: "b" }] } });
      const success = { how: "success" as const, after: 1, row: rowOf() };
      const late = await store.endProbe(NAME, second.lease, success);
      expect(late).toMatchObject({ kind: "lost", record: { state: "open", probes: [] } });
      expect(late.record?.epoch).toBe(decided.record?.epoch);
    });

    it("counts probes that are still out when it is due again", async () => {
      const { store, other, due, granted, openRow, clock } = await open();
      await due();
      const [first, second] = [await granted("a"), await granted("b")];
      const soon = { ...openRow(), openUntil: store.now() + 1 };
      await store.endProbe(NAME, first.lease, { how: "failure", row: soon });
      await clock.advance(1);
      const third = await granted("c");
      expect(third).toMatchObject({ began: true, record: { probes: [{ owner: "b" }, { owner: "c" }] } });
      expect((await other.acquireProbe(NAME, request("d"))).kind).toBe("full");
      expect((await other.endProbe(NAME, second.lease, { how: "neutral" })).kind).toBe("lost");
      await granted("d");
    });

    it("hears of a probe whose time is over nothing any more, and of no probe twice", async () => {
      const { store, due, granted, openRow, rowOf, clock } = await open();
      await due();
      const first = await granted("a");
      const failure = { how: "failure" as const, row: openRow() };
      await clock.advance(TTL);
      expect((await store.endProbe(NAME, first.lease, failure)).kind).toBe("lost");
      const second = await granted("b");
      const success = { how: "success" as const, after: 2, row: rowOf() };
      expect((await store.endProbe(NAME, second.lease, success)).kind).toBe("kept");
      expect((await store.endProbe(NAME, second.lease, success)).kind).toBe("lost");
      expect((await store.endProbe(NAME, second.lease, failure)).kind).toBe("lost");
      const forged = { owner: "b", epoch: second.lease.epoch - 1 };
      expect((await store.endProbe(NAME, forged, failure)).kind).toBe("lost");
    });

    it("says which circuits have changed since", async () => {
      const { store, other, trip, openRow, clock } = await open();
      const { record } = await trip();
      await clock.advance(WAIT);
      const { record: later } = await other.publish({ ...openRow(), name: "mail" }, 0);
      expect(later.epoch).toBeGreaterThan(record.epoch);
      expect(await store.changes(record.epoch)).toContainEqual({ name: "mail", epoch: later.epoch });
      const all = await store.changes(0);
      expect(all.map(({ name }) => name).sort()).toEqual([NAME, "mail"]);
    });

    it("tells those who listen of every new epoch, and of nothing else", async () => {
      const { store, other, due, granted, openRow, clock } = await open();
      const heard = new Heard();
      const listening = other.subscribe(heard);
      // It may take a while until it hears anything.
      for (let epoch = 0; heard.records.length === 0; ) {
        ({ epoch } = (await store.publish({ ...openRow(), name: "first" }, epoch)).record);
        await clock.advance(0);
      }
      await due();
      const { lease } = await granted("a");
      await granted("b");
      await store.endProbe(NAME, lease, { how: "failure", row: openRow() });
      const told = await heard.until(3, clock);
      expect(told.map(({ state }) => state)).toEqual(["open", "half_open", "open"]);
      expect(told.at(-1)).toEqual((await store.load([NAME]))[0]);
      listening[Symbol.dispose]();
    });
  });
}
