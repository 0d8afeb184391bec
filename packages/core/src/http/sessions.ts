import type { ServerHttp2Session } from "node:http2";
import type { HttpServer } from "./http-server.js";

/** A session that is told this number may still have sent any of its requests. */
const HIGHEST_STREAM = 2 ** 31 - 1;

/**
 * The connections of HTTP/2, which no header of an answer ends. Their clients are told to open no more streams, and, when
 * everything has ended, which were the last (RFC 9113, section 6.8).
 */
export class Sessions {
  readonly #open = new Set<ServerHttp2Session>();
  #isEnding = false;

  /** A server of HTTP/1 has none. */
  watch(server: HttpServer): void {
    server.on("session", (session: ServerHttp2Session) => {
      this.#open.add(session);
      session.once("close", () => this.#open.delete(session));
      if (this.#isEnding) warn(session);
    });
  }

  begin(): void {
    this.#isEnding = true;
    for (const session of this.#open) warn(session);
  }

  /** What is open may end. */
  close(): void {
    for (const session of this.#open) session.close();
  }

  destroy(): void {
    for (const session of this.#open) session.destroy();
  }
}

function warn(session: ServerHttp2Session): void {
  if (!session.closed && !session.destroyed) session.goaway(0, HIGHEST_STREAM);
}
