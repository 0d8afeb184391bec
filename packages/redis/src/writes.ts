import type { Socket } from "node:net";

/** Commands in one write. With many more, the server has nothing to do while they are written, and we while it answers them. */
const MOST = 16;

/** Lets the commands of one turn of the event loop share writes: one of its own costs a command more than all else. */
export class Writes {
  #gathered = 0;

  /** To be called before a command is given to this stream. */
  gather(stream: Pick<Socket, "cork" | "uncork">): void {
    if (this.#gathered === 0) this.#begin(stream);
    else if (this.#gathered % MOST === 0) {
      stream.uncork();
      stream.cork();
    }
    this.#gathered++;
  }

  #begin(stream: Pick<Socket, "cork" | "uncork">): void {
    stream.cork();
    process.nextTick(() => {
      this.#gathered = 0;
      stream.uncork();
    });
  }
}
