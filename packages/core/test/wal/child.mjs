// A process with a log: node child.mjs <bundle> <folder> <action> [argument]. Says what it did in lines.
import { writeSync } from "node:fs";

const [, , bundle, folder, action, argument] = process.argv;
const { Wal, TelemetryHub, hotClock } = await import(bundle);
const clock = hotClock();
const telemetry = new TelemetryHub(clock);
telemetry.subscribe(({ name, payload }) => say(`event ${name} ${JSON.stringify(payload)}`));
const open = (options) => new Wal({ name: "test", folder, clock, telemetry, ...options });

/** Synchronous: what was said before a kill was said. */
function say(line) {
  writeSync(1, `${line}\n`);
}

const actions = {
  /** Files are small, so that a kill meets rotations too. */
  async append() {
    const wal = open({ fileBytes: 20_000 });
    const filler = "x".repeat(200);
    const appendForever = async (lane) => {
      for (let n = 0; ; n++) {
        const id = `${process.pid}-${lane}-${n}`;
        if ((await wal.append({ id, filler })) === "disk") say(`wrote ${id}`);
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, lane) => appendForever(lane)));
  },
  /** Kills itself amid the batch with that number, before or after it was taken. */
  async absorb() {
    say("ready");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    let batches = 0;
    await open().absorb({
      take: async (id, records) => {
        batches++;
        if (String(batches) === argument) process.kill(process.pid, "SIGKILL");
        await new Promise((resolve) => setTimeout(resolve, 1)); // as a store does: the other gets its turn
        for (const { seq } of records) say(`took ${id} ${seq}`);
      },
      finished: async (id) => say(`finished ${id}`),
    });
    process.exit();
  },
  /** Fills the disk, then waits to be told that there is room. */
  async fill() {
    const wal = open();
    const filler = "x".repeat(20_000);
    let n = 0;
    const append = async () => {
      const where = await wal.append({ id: n++, filler });
      say(`${where} ${n - 1}`);
      return where;
    };
    while ((await append()) === "disk" && n < 1000);
    for (let more = 0; more < 5; more++) await append();
    say("full");
    await new Promise((resolve) => process.stdin.once("data", resolve));
    await new Promise((resolve) => setTimeout(resolve, 1100)); // the disk is asked once a second
    await append();
    say("done");
    setInterval(() => undefined, 1000);
  },
};

await actions[action]();
