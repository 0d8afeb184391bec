// A process with a spill file: node child.mjs <bundle> <folder> <action> [argument]. Says what it did in lines.
import { writeSync } from "node:fs";

const [, , bundle, folder, action, argument] = process.argv;
const { SpillFile, writeToStderr } = await import(bundle);
const clock = { now: Date.now, monotonic: () => performance.now(), setTimeout, clearTimeout };
const onProblem = (problem) => say(`problem ${problem.kind} ${problem.reason}`);
const open = (options) => new SpillFile({ folders: [folder], clock, onProblem, ...options });

/** Synchronous: what was said before a kill was said. */
function say(line) {
  writeSync(1, `${line}\n`);
}

const entry = (id) => JSON.stringify({ id, filler: "x".repeat(200) });
const idOf = (text) => JSON.parse(text).id;
const sayTaken = async (batch) => {
  for (const text of batch) say(`took ${idOf(text)}`);
};

async function appendForever(spill, prefix, until = () => false) {
  for (let n = 0; !until(); n++) {
    const ids = Array.from({ length: 1 + (n % 3) }, (_, at) => `${prefix}-${n}-${at}`);
    await spill.append(ids.map(entry));
    for (const id of ids) say(`wrote ${id}`);
  }
}

const actions = {
  async append() {
    const spill = open();
    await Promise.all(["a", "b", "c"].map((prefix) => appendForever(spill, prefix)));
  },
  async absorb() {
    say("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    const { taken } = await open().absorb(async (batch) => {
      await new Promise((resolve) => setTimeout(resolve, 2)); // as a store does: the other gets its turn
      await sayTaken(batch);
    }, 5);
    say(`sum ${taken}`);
    process.exit();
  },
  async crash() {
    let batches = 0;
    await open().absorb(async (batch) => {
      await sayTaken(batch);
      if (++batches === Number(argument)) process.kill(process.pid, "SIGKILL");
    }, 5);
  },
  async exit() {
    const spill = open();
    await spill.append([entry("before")]);
    process.on("exit", () => say(`path ${spill.appendSync([entry("last-1"), entry("last-2")])}`));
    process.exit(3);
  },
  /** Two of these think each other dead, and take files from each other's hands. */
  async rob() {
    const spill = open({ pid: Number(argument) });
    let rounds = 0;
    const hasEnded = () => rounds === 60;
    const writing = (async () => {
      // Robbed again and again an append is given up, and not acknowledged.
      for (let n = 0; !hasEnded(); n++)
        await appendForever(spill, `${process.pid}-${n}`, hasEnded).catch(() => undefined);
    })();
    for (; rounds < 60; rounds++) await spill.absorb(sayTaken, 5);
    await writing;
    await spill.close();
  },
  async stderr() {
    process.stderr.write(""); // as a program does that logs: the descriptor may not block any more
    const lines = Array.from({ length: 2000 }, (_, id) => entry(id));
    say(`out ${writeToStderr(lines)}`);
  },
};

await actions[action]();
