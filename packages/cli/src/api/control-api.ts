import { CliError } from "../errors.js";
import type { CliIo } from "../io.js";
import type { Answer, ControlApiOptions } from "./access.js";
import { unreachable } from "./failure.js";

type Query = Readonly<Record<string, unknown>>;

const DEFAULT_PORT = "9090";
const KEYS = ["BALDUR_ADMIN_KEY", "BALDUR_ADMIN_API_KEY", "BALDUR_ADMIN_READONLY_KEY"] as const;
/** What this program reads by itself. */
export const VARIABLES: readonly string[] = ["BALDUR_ADMIN_URL", "BALDUR_ADMIN_PORT", ...KEYS];
/** What a header can carry. */
const HEADER = /^[\x20-\x7e\x80-\xff]*$/;
/** No answer of the API is as long. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** Where the control API is, as the environment says. */
export function urlOf({ env }: Pick<CliIo, "env">): string {
  return env["BALDUR_ADMIN_URL"] || `http://127.0.0.1:${env["BALDUR_ADMIN_PORT"] || DEFAULT_PORT}`;
}

/** The key to send. What is wrong with it is said without it. */
export function keyOf({ env }: Pick<CliIo, "env">): string | undefined {
  const name = KEYS.find((each) => env[each]?.trim());
  const key = name && env[name]?.trim();
  if (key !== undefined && !HEADER.test(key))
    throw new CliError(`${name} is no key: it has characters that no header can carry`);
  return key;
}

/** A client of the control API. */
export class ControlApi {
  constructor(private readonly options: ControlApiOptions) {}

  get(path: string, query: Query = {}): Promise<Answer> {
    return this.#ask("GET", `${path}${search(query)}`);
  }

  post(path: string, body: object): Promise<Answer> {
    return this.#ask("POST", path, JSON.stringify(body));
  }

  async #ask(method: string, path: string, body?: string): Promise<Answer> {
    const { url, key, timeout } = this.options;
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        redirect: "manual", // the key is for this server alone
        signal: AbortSignal.timeout(timeout),
        headers: {
          accept: "application/json",
          ...(body !== undefined && { "content-type": "application/json" }),
          ...(key !== undefined && { "x-baldur-admin-key": key }),
        },
        ...(body !== undefined && { body }),
      });
      return await answerOf(response);
    } catch (error) {
      throw unreachable(error, this.options);
    }
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const type = response.headers.get("content-type") ?? "";
  const { status } = response;
  if (!/[/+]json\b/.test(type)) {
    await response.body?.cancel();
    return { status, body: undefined, isProblem: false };
  }
  return { status, body: JSON.parse(await textOf(response)), isProblem: type.includes("problem+json") };
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > LARGEST_ANSWER) throw new Error("the answer is longer than any of the API");
  }
  return text + decoder.decode();
}

/** What is undefined is left out. */
function search(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}
