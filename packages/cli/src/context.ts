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
  /** Whether somebody has said where the server is. */
  readonly isNamed: boolean;
  #known: ControlApiOptions | undefined;

  constructor(
    readonly io: CliIo,
    private readonly given: GlobalOptions,
  ) {
    this.style = styleFor(io.stdout, io);
    this.json = given.json ?? false;
    this.isNamed = Boolean(given.url ?? io.env["BALDUR_ADMIN_URL"]);
  }

  get api(): ControlApi {
    return new ControlApi(this.#access);
  }

  /** Of the server. */
  get url(): string {
    return this.#access.url;
  }

  /** Milliseconds that an answer may take. */
  get timeout(): number {
    return (this.given.timeout ?? TIMEOUT) * SECOND;
  }

  /** Found out only for who asks a server: what is wrong with it is no matter to the others. */
  get #access(): ControlApiOptions {
    const { url = urlOf(this.io) } = this.given;
    this.#known ??= { url: checkedUrl(url), key: keyOf(this.io), timeout: this.timeout };
    return this.#known;
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

function checkedUrl(given: string): string {
  const url = given.trim();
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && (parsed.username !== "" || parsed.password !== ""))
    throw new CliError("--url holds no key: set BALDUR_ADMIN_KEY");
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol) || /[?#]/.test(url))
    throw new CliError(`--url must be an address such as http://127.0.0.1:9090; received ${url}`);
  return url.replace(/\/+$/, "");
}
