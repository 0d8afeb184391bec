// node run-case.mjs <case> [--quick] [--full]: measures one case in this process and prints its rows, or sends them to the parent.
// By itself it is what to profile: node --cpu-prof --cpu-prof-dir=profiles run-case.mjs hot
import { markdown, unmeasured } from "./report.mjs";

const [name, ...flags] = process.argv.slice(2);
const quick = flags.includes("--quick");
const full = flags.includes("--full");

async function rowsOf() {
  try {
    const { measure } = await import(`./cases/${name}.mjs`);
    return await measure({ quick, full, rounds: (usual) => (quick ? Math.ceil(usual / 3) : usual) });
  } catch (error) {
    return [unmeasured(name, error.message)]; // a case that fails is a row of the table too
  }
}

const rows = await rowsOf();
if (process.send === undefined) console.log(markdown(rows));
else await new Promise((sent) => process.send(rows, sent));
process.exit(); // the peers keep timers of their own
