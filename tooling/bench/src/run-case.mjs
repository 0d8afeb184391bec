// node run-case.mjs <case> [--quick]: measures one case in this process and prints its rows, or sends them to the parent.
// By itself it is what to profile: node --cpu-prof --cpu-prof-dir=profiles run-case.mjs hot
import { markdown, unmeasured } from "./report.mjs";

const [name, mode] = process.argv.slice(2);
const quick = mode === "--quick";

async function rowsOf() {
  try {
    const { measure } = await import(`./cases/${name}.mjs`);
    return await measure({ quick, rounds: (full) => (quick ? Math.ceil(full / 3) : full) });
  } catch (error) {
    return [unmeasured(name, error.message)]; // a case that fails is a row of the table too
  }
}

const rows = await rowsOf();
if (process.send === undefined) console.log(markdown(rows));
else await new Promise((sent) => process.send(rows, sent));
process.exit(); // the peers keep timers of their own
