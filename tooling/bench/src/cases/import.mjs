import { interleave, nanoseconds } from "../harness.mjs";
import { run } from "../processes.mjs";
import { added, median } from "../statistics.mjs";

const MODULES = { empty: "./empty", baldur: "@baldur/core", cockatiel: "cockatiel", opossum: "opossum" };
const KINDS = { ESM: "import.mjs", CommonJS: "require.cjs" };

/** Wall time of a whole process that imports one module, and its memory at the end. */
function importProbe(kind, specifier) {
  const extension = kind === "ESM" ? ".mjs" : ".cjs";
  const target = specifier.startsWith(".") ? specifier + extension : specifier;
  return async () => {
    const start = nanoseconds();
    const rss = Number(run(KINDS[kind], [target]));
    return { milliseconds: (nanoseconds() - start) / 1e6, megabytes: rss / 1e6 };
  };
}

export async function measure({ rounds }) {
  const probes = {};
  for (const kind of Object.keys(KINDS))
    for (const [name, specifier] of Object.entries(MODULES))
      probes[`${name} ${kind}`] = importProbe(kind, specifier);
  await interleave(probes, 1); // fills the disk cache
  const values = await interleave(probes, rounds(21));

  const over = (name, kind, field) => {
    const of = (module) => values[`${module} ${kind}`].map((sample) => sample[field]);
    return median(added(of(name), of("empty")));
  };
  const row = (kind, field, unit, atMost) => {
    const figure = (name) => `+ ${over(name, kind, field).toFixed(1)} ${unit}`;
    return {
      what: `import of core, ${kind}, over an empty module`,
      baldur: figure("baldur"),
      peer: `cockatiel ${figure("cockatiel")}, opossum ${figure("opossum")}`,
      reached: over("baldur", kind, field),
      unit,
      atMost,
    };
  };
  return Object.keys(KINDS).flatMap((kind) => [
    row(kind, "milliseconds", "ms", 10),
    row(kind, "megabytes", "MB", 3),
  ]);
}
