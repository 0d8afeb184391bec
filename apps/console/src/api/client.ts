import { type Signal, signal } from "../state/signal.js";
import { noteServerDate } from "../state/time.js";
import { ApiError, failureFrom, failureOf } from "./failure.js";

const KEY_HEADER = "X-Baldur-Admin-Key";
const REQUEST_HEADER = "X-Baldur-Request";
const KEPT = "baldur-admin-key";
/** Milliseconds that one answer may take. */
const READS = 5000;
const UNAVAILABLE = 503;
const TOO_MANY = 429;
/** A replay runs the application's own code before it is answered. */
const WRITES = 60_000;

/** The control API, beside which the page lies. */
export class Api {
  readonly key: Signal<string> = signal(kept());
  /** Until then the server wants to be left alone; milliseconds of `performance`. */
  restUntil = 0;
  readonly #base: string;

  /** `page` is the address of the console; the API is under the same prefix. */
  constructor(page: Location) {
    const { origin, pathname } = page;
    this.#base = `${origin}${pathname.endsWith("/") ? pathname : `${pathname}/`}`;
  }

  /** For as long as the tab is open. */
  useKey(key: string): void {
    keep(key);
    this.key.set(key);
  }

  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.#ask<T>(path, { method: "GET" }, READS, signal);
  }

  post<T>(path: string, body: object): Promise<T> {
    const headers = { "Content-Type": "application/json", [REQUEST_HEADER]: "console" };
    return this.#ask<T>(path, { method: "POST", headers, body: JSON.stringify(body) }, WRITES);
  }

  /** An answer that goes on. Throws `ApiError` where it does not begin. */
  async stream(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const response = await this.#send(path, { method: "GET", headers, signal });
    if (!response.ok) throw new ApiError(await failureOf(response));
    return response;
  }

  async #ask<T>(path: string, init: RequestInit, timeout: number, signal?: AbortSignal): Promise<T> {
    const limit = AbortSignal.timeout(timeout);
    try {
      const whole = { ...init, signal: signal === undefined ? limit : AbortSignal.any([limit, signal]) };
      const response = await this.#send(path, whole);
      if (!hasAnswer(init, response)) throw new ApiError(await failureOf(response));
      return (await response.json()) as T;
    } catch (error) {
      throw new ApiError(failureFrom(error, timeout));
    }
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.key.value !== "") headers.set(KEY_HEADER, this.key.value);
    const whole: RequestInit = { ...init, headers, cache: "no-store", credentials: "same-origin" };
    const response = await fetch(this.#base + path, whole);
    noteServerDate(response.headers.get("date"));
    if (response.status === TOO_MANY)
      this.restUntil = performance.now() + 1000 * (Number(response.headers.get("retry-after")) || 1);
    return response;
  }
}

/** Bad health is answered with 503 and the whole of it; problems have a type of their own. */
function hasAnswer({ method }: RequestInit, { ok, status, headers }: Response): boolean {
  const isJson = headers.get("content-type")?.startsWith("application/json") === true;
  return ok || (method === "GET" && status === UNAVAILABLE && isJson);
}

/** A name as one segment of a path. */
export const segment = (name: string): string => encodeURIComponent(name);

/** `path?key=value`, with what is empty left out. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

function kept(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return ""; // a browser that keeps nothing: the key is typed again after a reload
  }
}

function keep(key: string): void {
  try {
    if (key === "") sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, key);
  } catch {
    return; // it is in memory all the same
  }
}
