import { isAcknowledged } from "./traffic.mjs";

const SLOT = 200;
const MARKS = { closed: "=", open: "#", half_open: "~", down: "x" };

const VERDICTS = { true: "holds", false: "FAILS" };

export function table(rows, columns) {
  const head = ["", ...columns, "claim", ""];
  const cells = rows.map(({ measure, figures, claim, holds }) => {
    return [measure, ...figures, claim, VERDICTS[holds] ?? ""];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}

/** The states of each shop's breaker, one character for 200 ms, under a ruler of the phases. */
export function timeline({ phases, end, transitions, deaths, shops }) {
  const lines = Array.from({ length: shops }, (_, shop) => {
    const states = statesOf(shop, transitions, deaths);
    return Array.from({ length: Math.ceil(end / SLOT) }, (_, slot) => mark(states, slot * SLOT)).join("");
  });
  const legend = `= closed   # open   ~ half-open   x no shop   (one character for ${SLOT} ms)`;
  return [ruler(phases, end), ...lines, legend].join("\n");
}

function statesOf(shop, transitions, deaths) {
  const ofShop = (each) => each.shop === shop;
  // What a new process knows of the circuit it tells.
  const lives = deaths.filter(ofShop).flatMap(({ at, back }) => [
    { state: "down", at },
    { state: "closed", at: back },
  ]);
  return [...transitions.filter(ofShop), ...lives].sort((a, b) => a.at - b.at);
}

function ruler(phases, end) {
  const starts = [...phases.map(({ at }) => Math.round(at / SLOT)), Math.ceil(end / SLOT)];
  return phases.map(({ name }, n) => `|${name}`.padEnd(starts[n + 1] - starts[n])).join("");
}

/** Short states are shown wherever they occur. */
function mark(transitions, from) {
  const before = transitions.filter(({ at }) => at < from + SLOT);
  const within = before.filter(({ at }) => at >= from);
  const states = [
    before[before.length - within.length - 1]?.state ?? "closed",
    ...within.map(({ state }) => state),
  ];
  return MARKS[["down", "half_open"].find((state) => states.includes(state)) ?? states.at(-1)];
}

/** One line that is rewritten; where the output is no terminal, one line for each phase. */
export class Progress {
  #last = "";

  show(round, phase, { orders, elapsed, ledger }) {
    const key = `${round} ${phase}`;
    if (!process.stdout.isTTY && key === this.#last) return;
    this.#last = key;
    const clock = (elapsed() / 1000).toFixed(1).padStart(4);
    const answered = orders.filter(isAcknowledged).length;
    const counts = `${orders.length} orders, ${answered} answered 2xx, ${ledger.charges().size} charged`;
    const text = `${round} | ${phase.padEnd(12)} | ${clock} s | ${counts}`;
    process.stdout.write(process.stdout.isTTY ? `\r${text}   ` : `${text}\n`);
  }

  end() {
    if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  }
}
