// The gateway's own ledger: a line for every call that reached it. It is a file, so that it outlives a killed gateway.
import { closeSync, existsSync, openSync, readFileSync, readSync, writeSync } from "node:fs";

const CHUNK = 1 << 16;

/** The gateway's end. It is on file before the gateway answers. */
export class LedgerWriter {
  #file;
  #charged = new Set();

  constructor(path) {
    if (existsSync(path)) for (const call of parse(readFileSync(path, "utf8"))) this.#remember(call);
    this.#file = openSync(path, "a");
  }

  /** Notes a call, and charges it when it should be and its key is new. */
  receive({ key, order, mode, charge }) {
    const known = this.#charged.has(key);
    const call = { at: Date.now(), key, order, mode, known, charged: charge && !known };
    this.#remember(call);
    writeSync(this.#file, `${JSON.stringify(call)}\n`);
  }

  #remember({ key, charged }) {
    if (charged) this.#charged.add(key);
  }
}

/** The end of whoever audits the gateway: reads on from where it stopped. */
export class LedgerReader {
  #path;
  #offset = 0;
  #rest = "";
  #calls = [];

  constructor(path) {
    this.#path = path;
  }

  /** Every call until now; those of the warm-up are left out. */
  calls() {
    if (!existsSync(this.#path)) return this.#calls;
    const lines = (this.#rest + this.#readOn()).split("\n");
    this.#rest = lines.pop();
    for (const call of parse(lines.join("\n"))) if (call.order > 0) this.#calls.push(call);
    return this.#calls;
  }

  /** How often each order was charged. */
  charges() {
    const charges = new Map();
    for (const { order, charged } of this.calls()) {
      if (charged) charges.set(order, (charges.get(order) ?? 0) + 1);
    }
    return charges;
  }

  #readOn() {
    const file = openSync(this.#path, "r");
    const buffer = Buffer.alloc(CHUNK);
    let text = "";
    for (let length = CHUNK; length > 0; ) {
      length = readSync(file, buffer, 0, CHUNK, this.#offset);
      this.#offset += length;
      text += buffer.toString("latin1", 0, length); // only ASCII is written
    }
    closeSync(file);
    return text;
  }
}

function parse(lines) {
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
