/** What the processes of a fleet did and saw: `[microseconds, pid, what, circuit, ...facts]`, by one clock. */
export type Line = readonly [at: number, pid: number, what: string, name: string, ...facts: unknown[]];

export interface History {
  readonly lines: readonly Line[];
  /** Probes that may be out at a time. */
  readonly limit: number;
  /** Microseconds after which a probe's place is another's. */
  readonly probeTimeout: number;
  /** Successes that close a circuit. */
  readonly threshold: number;
}

/** Microseconds that it takes to write down what one has done. */
const LAG = 2_000_000;

type Check = (history: History, lines: readonly Line[], name: string) => Iterable<string>;

const CHECKS: readonly Check[] = [boundedProbes, closedWithProof, closedOnce, followedSomebody, pinsGoOn];

/** What of it must not have happened. Pure. */
export function violations(history: History): string[] {
  const lines = [...history.lines].sort((a, b) => a[0] - b[0]);
  const names = new Set(lines.filter((line) => !isOfAll(line)).map(([, , , name]) => name));
  return [...names].flatMap((name) => {
    const own = lines.filter((line) => line[3] === name || isOfAll(line));
    return CHECKS.flatMap((check) => [...check(history, own, name)]);
  });
}

/** The store went away, or all processes agree again. */
function isOfAll([, , what]: Line): boolean {
  return what === "away" || what === "agreed";
}

/** Without what each process decided by itself, and what came of it: from when the store went away until all agree. */
function inAgreement(lines: readonly Line[]): Line[] {
  let isAgreed = true;
  return lines.filter(([, , what]) => {
    if (what === "away") isAgreed = false;
    if (what === "agreed") isAgreed = true;
    return isAgreed;
  });
}

interface Probe {
  readonly id: unknown;
  readonly from: number;
  readonly to: number;
}

/**
 * The probes that are out, each from its function's begin to its end, or to the time when its place has certainly become
 * another's: it was asked for after the call. One that a process made by itself counts for nobody, and when the circuit
 * closes they are calls as all others. While the store is away nobody agrees on anything.
 */
export function probesOf({ probeTimeout }: Pick<History, "probeTimeout">, lines: readonly Line[]): Probe[] {
  const ends = new Map(lines.filter(([, , what]) => what === "ended").map(([at, , , , id]) => [id, at]));
  const resets = lines.filter(isReset).map(([at]) => at);
  return lines
    .filter(([, , what, , , , isAlone]) => what === "probe" && isAlone !== true)
    .map(([from, , , , id, called]) => {
      const reset = resets.find((at) => at >= from) ?? Number.POSITIVE_INFINITY;
      const end = ends.get(id) ?? Number.POSITIVE_INFINITY;
      return { id, from, to: Math.min(end, reset, (called as number) + probeTimeout) };
    });
}

/** Whoever closed it may be stopped before he writes that down, and others see it first. */
function isReset([, , what, , , state]: Line): boolean {
  return what === "away" || what === "closed" || (what === "fleet_followed" && state === "closed");
}

/** The most that were out at a time. */
export function mostAtOnce(probes: readonly Probe[]): number {
  return Math.max(0, ...probes.map((probe) => outAt(probes, probe.from).length));
}

function outAt(probes: readonly Probe[], at: number): Probe[] {
  return probes.filter(({ from, to }) => from <= at && at < to);
}

function* boundedProbes(history: History, lines: readonly Line[], name: string): Iterable<string> {
  const probes = probesOf(history, lines);
  const tooMany = probes.map(({ from }) => outAt(probes, from)).find(({ length }) => length > history.limit);
  if (tooMany === undefined) return;
  const which = tooMany.map(({ id, from, to }) => `${id} from ${from} to ${to}`).join("; ");
  yield `${name} had ${tooMany.length} probes out of ${history.limit}: ${which}`;
}

/** As many probes succeeded as are needed, since it last opened. What a process decided by itself binds nobody. */
function* closedWithProof({ threshold }: History, lines: readonly Line[], name: string): Iterable<string> {
  let successes = 0;
  for (const [, pid, what, , ...facts] of inAgreement(lines)) {
    if (what === "agreed") successes = 0;
    // Another trigger is that of a process that did not know of the probes.
    if (what === "opened" && facts[0] === "probe") successes = 0;
    if (what === "ended" && facts[1] === "ok") successes++;
    if (what === "closed" && facts[0] === "recovery" && facts[3] !== true && successes < threshold)
      yield `${name} was closed by ${pid} after ${successes} successes of ${threshold}`;
    if (what === "closed" && facts[3] !== true) successes = 0;
  }
}

/** One process makes a transition, and the others follow: it does not close twice without having opened. */
function* closedOnce(_: History, lines: readonly Line[], name: string): Iterable<string> {
  let closed: Line | undefined;
  for (const line of inAgreement(lines)) {
    const [at, pid, what, , trigger, state, , isAlone] = line;
    // Whoever opened it may have been killed before he wrote that down.
    const isOpened = what === "opened" || what === "half_opened" || state === "open" || state === "half_open";
    if (isOpened || what === "agreed") closed = undefined;
    if (what !== "closed" || trigger !== "recovery" || isAlone === true) continue;
    if (closed !== undefined && closed[1] !== pid)
      yield `${name} was closed by ${pid} ${at - closed[0]} µs after it was closed by ${closed[1]}`;
    closed = line;
  }
}

/** Nobody takes over what nobody decided. Who was killed may not have written down what he did. */
function* followedSomebody(_: History, lines: readonly Line[], name: string): Iterable<string> {
  const killed = lines.filter(([, , what]) => what === "killed").map(([, pid]) => pid);
  const words: Readonly<Record<string, string>> = {
    open: "opened",
    closed: "closed",
    half_open: "half_opened",
  };
  for (const [at, pid, what, , trigger, state, by] of lines) {
    const decided = words[String(state)];
    // An operator's decision is no transition where it changes nothing for the process that he told.
    if (what !== "fleet_followed" || decided === undefined || trigger === "manual") continue;
    const leader = Number(String(by).split(":")[1]);
    if (killed.includes(leader)) continue;
    const did = lines.some((line) => line[1] === leader && line[2] === decided && line[0] < at + LAG);
    if (!did) yield `${name} is ${state} for ${pid}, who followed ${leader}, who never did that`;
  }
}

/** The numbers of operators' decisions grow for everybody. */
function* pinsGoOn(_: History, lines: readonly Line[], name: string): Iterable<string> {
  const seen = new Map<number, number>();
  for (const [, pid, what, , number] of lines) {
    if (what !== "pinned") continue;
    if (Number(number) < (seen.get(pid) ?? 0))
      yield `${name} has pin ${number} for ${pid} after ${seen.get(pid)}`;
    seen.set(pid, Number(number));
  }
}
