/** Asked by us, to know the rest. */
const OURS = /^(info|config)/;
const ROW = /^cmdstat_([^:]+):calls=(\d+)/gm;

/** How often each command was called while `work` ran, by what Redis itself counts; those that scripts call too. */
export async function commandsDuring(server, work) {
  await server.command("CONFIG", "RESETSTAT");
  await work();
  const counts = {};
  for (const [, name, calls] of (await server.command("INFO", "commandstats")).matchAll(ROW))
    if (!OURS.test(name)) counts[name] = Number(calls);
  return counts;
}

export const total = (counts) => Object.values(counts).reduce((sum, count) => sum + count, 0);
