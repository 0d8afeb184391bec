const SLOT = 200;
const MARKS = { closed: "=", open: "#", half_open: "~" };

const VERDICTS = { true: "holds", false: "FAILS" };

export function table(rows) {
  const head = ["", "without", "with Baldur", "claim", ""];
  const cells = rows.map(({ measure, plain, guarded, claim, holds }) => {
    return [measure, plain, guarded, claim, VERDICTS[holds] ?? ""];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...cells].map((row) => row[column].length)));
  const line = (row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join("  ")
      .trimEnd();
  return [line(head), widths.map((width) => "-".repeat(width)).join("  "), ...cells.map(line)].join("\n");
}

/** The breaker's states, one character for 200 ms, under a ruler of the gateway's phases. */
export function timeline({ phases, end, transitions }) {
  const slots = Array.from({ length: Math.ceil(end / SLOT) }, (_, slot) => mark(transitions, slot * SLOT));
  const legend = `= closed   # open   ~ half-open   (one character for ${SLOT} ms)`;
  return [ruler(phases, end), slots.join(""), legend].join("\n");
}

function ruler(phases, end) {
  const starts = [...phases.map(({ at }) => Math.round(at / SLOT)), Math.ceil(end / SLOT)];
  return phases.map(({ name }, n) => `|${name}`.padEnd(starts[n + 1] - starts[n])).join("");
}

/** Half-open is short: it is shown wherever it occurs. */
function mark(transitions, from) {
  const before = transitions.filter(({ at }) => at < from + SLOT);
  const within = before.filter(({ at }) => at >= from);
  const states = [
    before[before.length - within.length - 1]?.state ?? "closed",
    ...within.map(({ state }) => state),
  ];
  return MARKS[states.includes("half_open") ? "half_open" : states.at(-1)];
}

/** One line that is rewritten; where the output is no terminal, one line for each phase. */
export class Progress {
  #last = "";

  show(round, phase, traffic) {
    const key = `${round} ${phase}`;
    if (!process.stdout.isTTY && key === this.#last) return;
    this.#last = key;
    const answered = traffic.orders.filter(({ status }) => status >= 200 && status < 300).length;
    const clock = (traffic.elapsed() / 1000).toFixed(1).padStart(4);
    const text = `${round} | gateway: ${phase.padEnd(9)} | ${clock} s | ${answered}/${traffic.orders.length} orders`;
    process.stdout.write(process.stdout.isTTY ? `\r${text}   ` : `${text}\n`);
  }

  end() {
    if (process.stdout.isTTY) process.stdout.write("\r\u001b[K");
  }
}
