import { ask } from "../processes.mjs";
import { integer } from "../report.mjs";
import { median } from "../statistics.mjs";

/** 700 MB and a whole core for 100,000 of opossum's: fewer say as much. */
const COUNTS = { baldur: 100_000, "baldur-called": 100_000, cockatiel: 100_000, opossum: 2000, none: 0 };

/** Breakers that wait for calls that do not come; each kind in a process of its own. */
export async function measure({ rounds }) {
  const seen = Object.fromEntries(Object.keys(COUNTS).map((kind) => [kind, []]));
  for (let round = 0; round < rounds(3); round++)
    for (const [kind, count] of Object.entries(COUNTS))
      seen[kind].push(await ask("idle.mjs", { args: [kind, String(count)], flags: ["--expose-gc"] }));

  const middle = (kind, field) => median(seen[kind].map((sample) => sample[field]));
  const bytes = (kind) => `${integer(middle(kind, "bytes"))} bytes`;
  const cpu = (kind) => `${middle(kind, "cpu").toFixed(2)} %`;
  const peers = `cockatiel ${bytes("cockatiel")}, opossum ${bytes("opossum")}`;
  return [
    {
      what: "100,000 idle breakers, each",
      baldur: bytes("baldur"),
      peer: peers,
      reached: middle("baldur", "bytes"),
      unit: "bytes",
      atMost: 600,
    },
    {
      what: "the same after one call each",
      baldur: bytes("baldur-called"),
      peer: "",
      reached: middle("baldur-called", "bytes"),
      unit: "bytes",
    },
    {
      what: "their timers",
      baldur: integer(middle("baldur", "timers")),
      peer: `opossum ${integer(middle("opossum", "timers"))} for ${integer(COUNTS.opossum)}`,
      reached: middle("baldur", "timers"),
      unit: "",
      atMost: 0,
    },
    {
      what: "their idle CPU over an empty process",
      baldur: cpu("baldur"),
      peer: `empty ${cpu("none")}, opossum ${cpu("opossum")}`,
      reached: middle("baldur", "cpu") - middle("none", "cpu"),
      unit: "% of a core",
      atMost: 0.5,
    },
  ];
}
