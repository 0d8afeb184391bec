import type { ServerHttp2Session } from "node:http2";
import type { HttpServer } from "./http-server.js";

/**
 * The connections of HTTP/2, which no header of an answer ends. Their clients are told which stream was the last (RFC 9113,
 * section 6.8), and may ask elsewhere what they have sent since. To tell them the highest number first, as that section has
 * it, is of no use: after any such word Node takes nothing in any more.
 */
export class Sessions {
  readonly #open = new Set<ServerHttp2Session>();
  #isEnding = false;

  /** A server of HTTP/1 has none. */
  watch(server: HttpServer): void {
    server.on("session", (session: ServerHttp2Session) => {
      this.#open.add(session);
      session.once("close", () => this.#open.delete(session));
      if (this.#isEnding) session.once("stream", () => session.close());
    });
  }

  begin(): void {
    this.#isEnding = true;
    this.close();
  }

  /** Those that have no stream any more end at once, the others with their last one. */
  close(): void {
    for (const session of this.#open) session.close();
  }

  destroy(): void {
    for (const session of this.#open) session.destroy();
  }
}
