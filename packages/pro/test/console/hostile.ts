import type { Json, World } from "./world.js";

/** What nobody would call anything by: markup, code, marks of direction, controls, and more of it than fits anywhere. */
export const HOSTILE: readonly string[] = [
  `<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>`,
  `"><svg/onload=globalThis.hacked=1>'--{{7*7}}\${7*7}`,
  "\u202Eevil\u202C \u2066spoofed\u2069 \u0000\u0007\u001b[31mred\r\n\tend",
  "x".repeat(10_000),
  "שלום עולם مرحبا بالعالم",
  "__proto__",
  "constructor",
  "javascript:globalThis.hacked=1",
  "🦄".repeat(3000),
];

/** A world in which every text is one of these, each in another place. `first` turns them, so that others meet. */
export function hostileWorld(world: World, first: number): World {
  let next = first;
  const text = (): string => HOSTILE[next++ % HOSTILE.length] ?? "";
  const spoilt = spoil(world, text) as World;
  return {
    ...spoilt,
    circuits: spoilt.circuits.map((row, index) => ({ ...row, name: `${index}${text()}` })),
    letters: spoilt.letters?.map((letter, index) => ({ ...letter, id: `dl-${index}` })),
    journal: spoilt.journal.map((entry, index) => ({
      ...entry,
      id: world.journal[index]?.["id"],
      name: index % 2 === 0 ? text() : world.journal[index]?.["name"],
      at: world.journal[index]?.["at"],
    })),
    healthStatus: 200,
  };
}

/** The same shape with every text in it replaced, keys of maps included. */
function spoil(value: unknown, text: () => string): unknown {
  if (typeof value === "string") return text();
  if (Array.isArray(value)) return value.map((each) => spoil(each, text));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value as Json).map(([key, each]) => [key, spoil(each, text)]);
  return Object.fromEntries(entries);
}

/** Values of the wrong kind where texts and numbers are due. */
const MISFITS: readonly unknown[] = [null, 0, -1, Number.MAX_VALUE, true, [], {}, [[{}]], { toString: "no" }];

/** Answers one after the other, from somewhere on. */
export function misfits(first: number): () => unknown {
  let next = first;
  return () => MISFITS[next++ % MISFITS.length];
}

/** The same shape with every value that is no container replaced. */
export function misshapen(value: unknown, by: () => unknown): unknown {
  if (Array.isArray(value)) return value.map((each) => misshapen(each, by));
  if (typeof value !== "object" || value === null) return by();
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, KEPT.includes(key) ? each : misshapen(each, by)]),
  );
}

/** The same with what is within the answers replaced; lists of rows stay lists. */
export function hollowed(world: World, by: () => unknown): World {
  const hollow = (answer: Json): Json => Object.fromEntries(Object.keys(answer).map((key) => [key, by()]));
  const rows = (list: readonly Json[]): Json[] => list.map((row) => ({ ...hollow(row), ...kept(row) }));
  const { jobs } = world.scheduler as { jobs: Json[] };
  return {
    ...world,
    posture: hollow(world.posture),
    control: hollow(world.control),
    circuits: rows(world.circuits),
    health: hollow(world.health),
    storage: hollow(world.storage),
    scheduler: { jobs: rows(jobs) },
    summary: hollow(world.summary),
    journal: rows(world.journal),
    letters: rows(world.letters ?? []),
    arming: hollow(world.arming),
  };
}

const kept = (row: Json): Json =>
  Object.fromEntries(Object.entries(row).filter(([key]) => KEPT.includes(key)));

/** Without these there is no row at all. */
const KEPT: readonly string[] = ["name", "id", "key", "area"];
