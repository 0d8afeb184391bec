import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { ConfigurationError } from "../../src/errors.js";
import { type Bulkhead, bulkheadSlot, noopBulkhead } from "../../src/slots/bulkhead.js";
import { defineSlot, type Slot, SlotTable } from "../../src/slots/slot.js";
import { SLOTS } from "../../src/slots/slots.js";

const bulkhead = (kind: string): Bulkhead => ({ kind, acquire: () => ({ release: () => undefined }) });

describe("an empty table", () => {
  it("answers with the no-op", () => {
    const table = new SlotTable(SLOTS);
    expect(table.get(bulkheadSlot)).toBe(noopBulkhead);
    expect(table.provider(bulkheadSlot)).toBeUndefined();
    expect(table.isFilled(bulkheadSlot)).toBe(false);
  });

  it("answers with the no-op of a slot that it has never heard of", () => {
    const fallback = Object.freeze({ kind: "no-op" });
    expect(new SlotTable([]).get(defineSlot("acme/cache", { fallback }))).toBe(fallback);
  });

  it("lists every slot without a provider", () => {
    expect(new SlotTable(SLOTS).rows()).toEqual(SLOTS.map(({ name }) => ({ slot: name })));
  });
});

describe("filling a slot", () => {
  it("puts the implementation in the no-op's place and remembers who did", () => {
    const table = new SlotTable(SLOTS);
    const own = bulkhead("semaphore");
    table.fill(bulkheadSlot, own, "a");
    expect(table.get(bulkheadSlot)).toBe(own);
    expect(table.provider(bulkheadSlot)).toBe("a");
    expect(table.rows()).toContainEqual({ slot: "bulkhead", provider: "a" });
  });

  it("accepts a class", () => {
    class Semaphore implements Bulkhead {
      readonly kind = "semaphore";
      acquire(): { release(): void } {
        return { release: () => undefined };
      }
    }
    const table = new SlotTable(SLOTS);
    table.fill(bulkheadSlot, new Semaphore(), "a");
    expect(table.get(bulkheadSlot).kind).toBe("semaphore");
  });

  it("is refused to a second owner, with the names of the slot and of both", () => {
    const table = new SlotTable(SLOTS);
    const first = bulkhead("first");
    table.fill(bulkheadSlot, first, "a");
    expect(() => table.fill(bulkheadSlot, bulkhead("second"), "b")).toThrow(
      new ConfigurationError("b cannot fill slot bulkhead: a fills it"),
    );
    expect(table.get(bulkheadSlot)).toBe(first);
  });

  it("is refused to the same owner a second time", () => {
    const table = new SlotTable(SLOTS);
    table.fill(bulkheadSlot, bulkhead("first"), "a");
    expect(() => table.fill(bulkheadSlot, bulkhead("second"), "a")).toThrow("it did so already");
  });

  it("is refused for a name that Baldur has no slot of", () => {
    const table = new SlotTable(SLOTS);
    const mistyped = defineSlot<Bulkhead>("bulkhed", { fallback: noopBulkhead });
    expect(() => table.fill(mistyped, bulkhead("own"), "a")).toThrow(
      /^a cannot fill slot bulkhed: the slots are .*bulkhead/,
    );
  });

  it("needs no declaration for a slot of a plugin's own", () => {
    const table = new SlotTable(SLOTS);
    const slot = defineSlot("acme/cache", { fallback: { get: (): string => "none" } });
    table.fill(slot, { get: () => "some" }, "@acme/cache");
    expect(table.get(slot).get()).toBe("some");
    expect(table.rows()).toContainEqual({ slot: "acme/cache", provider: "@acme/cache" });
  });

  it.each([
    ["lacks a method", { kind: "own" }, "the implementation lacks acquire()"],
    ["is no object", "semaphore", "the implementation must be an object"],
    ["is missing", undefined, "the implementation must be an object"],
  ])("is refused when the implementation %s", (_, implementation, problem) => {
    const table = new SlotTable(SLOTS);
    expect(() => table.fill(bulkheadSlot, implementation as unknown as Bulkhead, "a")).toThrow(problem);
    expect(table.isFilled(bulkheadSlot)).toBe(false);
  });

  it("is refused once the table is sealed", () => {
    const table = new SlotTable(SLOTS);
    expect(table.sealed).toBe(false);
    table.seal();
    expect(table.sealed).toBe(true);
    expect(() => table.fill(bulkheadSlot, bulkhead("late"), "a")).toThrow("the runtime has started");
  });

  it("is undone by disposing of the answer, which touches no later filling", () => {
    const table = new SlotTable(SLOTS);
    const filled = table.fill(bulkheadSlot, bulkhead("first"), "a");
    filled[Symbol.dispose]();
    expect(table.get(bulkheadSlot)).toBe(noopBulkhead);
    const second = bulkhead("second");
    table.fill(bulkheadSlot, second, "b");
    filled[Symbol.dispose]();
    expect(table.get(bulkheadSlot)).toBe(second);
  });

  it("reaches the same slot from a second copy of the package", async () => {
    const table = new SlotTable(SLOTS);
    jest.resetModules();
    const copy = await import("../../src/slots/bulkhead.js");
    expect(copy.bulkheadSlot).not.toBe(bulkheadSlot);
    const own = bulkhead("from the copy");
    table.fill(copy.bulkheadSlot, own, "a");
    expect(table.get(bulkheadSlot)).toBe(own);
    expect(() => table.fill(bulkheadSlot, bulkhead("second"), "b")).toThrow("a fills it");
  });

  it("leaves one owner per slot, whatever is tried in whatever order", () => {
    const action = fc.record({
      slot: fc.constantFrom(...SLOTS.map(({ name }) => name)),
      owner: fc.constantFrom("a", "b", "c"),
      release: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action), (actions) => {
        const table = new SlotTable(SLOTS);
        const owners = new Map<string, { owner: string; filled: Disposable }>();
        for (const { slot: name, owner, release } of actions) {
          const slot = SLOTS.find((candidate) => candidate.name === name) as Slot<object>;
          const held = owners.get(name);
          if (release) {
            held?.filled[Symbol.dispose]();
            owners.delete(name);
          } else if (held === undefined) {
            owners.set(name, { owner, filled: table.fill(slot, { ...slot.fallback }, owner) });
          } else {
            expect(() => table.fill(slot, { ...slot.fallback }, owner)).toThrow(ConfigurationError);
          }
          expect(table.provider(slot)).toBe(owners.get(name)?.owner);
        }
        expect(table.rows().filter(({ provider }) => provider !== undefined)).toHaveLength(owners.size);
      }),
    );
  });
});

describe("declaring a slot", () => {
  it.each(["", "Cache", "cache_store", "acme/", "/cache", "a/b/c"])("refuses the name %j", (name) => {
    expect(() => defineSlot(name, { fallback: {} })).toThrow(ConfigurationError);
  });

  it("makes a token that nobody can change", () => {
    expect(Object.isFrozen(defineSlot("acme/cache", { fallback: {} }))).toBe(true);
  });
});
