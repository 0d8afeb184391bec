import type { Socket } from "node:net";

/** Commands in one write. With many more, the server has nothing to do while they are written, and we while it answers them. */
const MOST = 16;

/** Lets the commands of one turn of the event loop share writes: one of its own costs a command more than all else. */
export class Writes {
  #commands = 0;

  /** To be called before a command is given to this stream. The first of a turn may be the only one, and goes at once. */
  gather(stream: Pick<Socket, "cork" | "uncork">): void {
    const before = this.#commands++;
    if (before === 0) process.nextTick(() => this.#endTurn(stream));
    else if (before === 1) stream.cork();
    else if (before % MOST === 0) {
      stream.uncork();
      stream.cork();
    }
  }

  #endTurn(stream: Pick<Socket, "uncork">): void {
    const isCorked = this.#commands > 1;
    this.#commands = 0;
    if (isCorked) stream.uncork();
  }
}
