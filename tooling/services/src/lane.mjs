import { reset } from "./reset.mjs";

/** Bytes that one direction keeps in memory before its source has to wait. */
const LIMIT = 1_048_576;
/** Milliseconds between two portions where the bandwidth is limited. */
const PORTION = 50;
const FIN = Symbol("FIN");
const RST = Symbol("RST");

/** One direction of a connection: what comes from `source` goes to `sink` as the rule of the fault says, in its order. */
export class Lane {
  #source;
  #sink;
  #rule;
  #queue = [];
  #bytes = 0;
  #freeAt = 0;
  #timer;
  #isOver = false;
  /** Whether bytes were lost: what follows them cannot be understood. */
  isBroken = false;

  constructor(source, sink, rule) {
    this.#source = source;
    this.#sink = sink;
    this.#rule = rule;
    source.on("data", (chunk) => this.#push(chunk));
    source.once("end", () => this.#push(FIN));
    source.once("close", () => {
      if (!source.readableEnded || source.errored !== null) this.#push(RST);
    });
    sink.on("drain", () => this.#drain());
  }

  /** From now on this rule. What a delay kept waiting goes at once. */
  follow(rule) {
    this.#rule = rule;
    this.#freeAt = 0;
    for (const item of this.#queue) item.due = 0;
    this.#drain();
  }

  dispose() {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #push(what) {
    if (this.#isOver) return;
    if (this.#rule.swallows) {
      this.isBroken = true;
      return;
    }
    const due = performance.now() + this.#rule.delay(what === FIN || what === RST);
    this.#queue.push({ what, due });
    this.#bytes += what.length ?? 0;
    this.#drain();
  }

  #drain() {
    clearTimeout(this.#timer);
    while (this.#queue.length > 0 && !this.#rule.holds && !this.#sink.writableNeedDrain) {
      const wait = Math.max(this.#queue[0].due, this.#freeAt) - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#drain(), Math.ceil(wait)).unref();
        break;
      }
      this.#deliver(this.#next());
    }
    if (this.#bytes > LIMIT) this.#source.pause();
    else if (this.#source.isPaused()) this.#source.resume();
  }

  /** The first in the queue, or as much of it as the bandwidth lets through in one portion. */
  #next() {
    const [{ what }] = this.#queue;
    const { bytesPerSecond } = this.#rule;
    const most = Math.ceil((bytesPerSecond * PORTION) / 1000);
    if (!(what.length > most)) {
      this.#queue.shift();
      this.#freeAt = performance.now() + ((what.length ?? 0) / bytesPerSecond) * 1000;
      return what;
    }
    this.#queue[0].what = what.subarray(most);
    this.#freeAt = performance.now() + (most / bytesPerSecond) * 1000;
    return what.subarray(0, most);
  }

  #deliver(what) {
    this.#bytes -= what.length ?? 0;
    if (this.#sink.destroyed) return;
    if (what === FIN) this.#sink.end();
    else if (what === RST) reset(this.#sink);
    else this.#sink.write(what);
  }
}
