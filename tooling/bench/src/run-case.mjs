// node run-case.mjs <case> [--quick]: measures one case in this process and prints its rows, or sends them to the parent.
// By itself it is what to profile: node --cpu-prof --cpu-prof-dir=profiles run-case.mjs hot
const [name, mode] = process.argv.slice(2);
const quick = mode === "--quick";
const { measure } = await import(`./cases/${name}.mjs`);
const rows = await measure({ quick, rounds: (full) => (quick ? Math.ceil(full / 3) : full) });

if (process.send) process.send(rows, () => process.exit());
else {
  const { markdown } = await import("./report.mjs");
  console.log(markdown(rows));
  process.exit(); // the peers keep timers of their own
}
