import type { Answer, ControlApiOptions } from "./api/access.js";
import { ControlApi, keyOf, urlOf } from "./api/control-api.js";
import { exitCodeOf, notTheApi, refused } from "./api/failure.js";
import { CliError, EXIT } from "./errors.js";
import type { CliIo } from "./io.js";
import { cleanLines, toJson } from "./output/clean.js";
import { type Style, styleFor } from "./output/style.js";

/** What was asked for, as the parser of the command line has it. */
export interface Asked {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
}

/** Does what was asked for, and answers what to exit with. */
export type Handler = (context: Context, asked: Asked) => Promise<number> | number;

/** Options that all commands have. */
export interface GlobalOptions {
  readonly url?: string;
  readonly json?: boolean;
  readonly timeout?: number;
}

const SECOND = 1000;
/** A little more than a server takes at most. */
const TIMEOUT = 35;

/** What the commands have in common: the server they ask, and how they show what it said. */
export class Context {
  readonly style: Style;
  readonly json: boolean;
  readonly api: ControlApi;
  readonly #access: ControlApiOptions;

  constructor(
    readonly io: CliIo,
    { url, json = false, timeout = TIMEOUT }: GlobalOptions,
  ) {
    this.style = styleFor(io.stdout, io);
    this.json = json;
    this.#access = { url: checkedUrl(url ?? urlOf(io)), key: keyOf(io), timeout: timeout * SECOND };
    this.api = new ControlApi(this.#access);
  }

  /** Shows an answer: to programs as it came, to people as it is drawn. Throws for a refusal or a failure. */
  show<T>(answer: Answer, draw: (body: T) => string): number {
    const body = this.answered<T>(answer);
    this.out(this.json ? `${toJson(body)}\n` : drawn(body, draw));
    return exitCodeOf(answer.status);
  }

  /** What was answered. Throws for a refusal or a failure. */
  readonly answered = <T>(answer: Answer): T => {
    this.#check(answer);
    return answer.body as T;
  };

  readonly out = (text: string): void => {
    this.io.stdout.write(text);
  };

  /** For people, beside what was asked for. */
  readonly note = (text: string): void => {
    this.io.stderr.write(`${cleanLines(text)}\n`);
  };

  /** How something is may be said with a status of failure, and is no problem for that. */
  #check(answer: Answer): void {
    const { status, body, isProblem } = answer;
    if (typeof body !== "object" || body === null) throw notTheApi(this.#access.url, status);
    const isRefusal = isProblem || (exitCodeOf(status) !== EXIT.ok && "error" in body);
    if (isRefusal) throw refused(answer, this.#access);
  }
}

function drawn<T>(body: T, draw: (body: T) => string): string {
  try {
    return draw(body);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError("the answer is not what this version expects", { hint: "--json shows it as it came" });
  }
}

function checkedUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new CliError(`--url must be an address such as http://127.0.0.1:9090; received ${url}`);
  if (parsed.username !== "" || parsed.password !== "")
    throw new CliError("--url holds no key: set BALDUR_ADMIN_KEY");
  return url.replace(/\/+$/, "");
}
