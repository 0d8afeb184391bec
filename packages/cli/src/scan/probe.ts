import { createBaldur, type ProtectOptions, type RetryOptions } from "@baldur/core";
import type { ProtectedPolicy } from "@baldur/core/plugin";
import type { CliIo } from "../io.js";
import { VirtualClock } from "./virtual-clock.js";

/** What a policy does when its dependency does not. Times in milliseconds. */
export interface Measured {
  readonly name: string;
  /** Requests that one call makes when each fails at once. */
  readonly requests: number;
  /** When that call fails. */
  readonly failsAfter: number;
  /** When a call ends whose dependency never answers; absent: never. */
  readonly hangEndsAfter?: number;
  /** Requests of that call that hang by then. */
  readonly hanging: number;
  /** Requests that so many calls make, one after the other, in an outage. */
  readonly outage: { readonly calls: number; readonly requests: number; readonly refused: number };
  /** What is made of an error with the status 404. */
  readonly notFound: { readonly requests: number; readonly opens: boolean };
}

type Dependency = () => unknown;

const DAY = 86_400_000;
const CALLS = 100;
const NOT_FOUND = 404;
/** Just below 1: the longest delays that chance may make. */
const LONGEST = 0.999_999;

const quiet = (): undefined => undefined;
const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet };

/** Probes a policy with dependencies that fail and hang, in virtual time. The function itself is not called. */
export async function probe(policy: ProtectedPolicy, io: Pick<CliIo, "env">): Promise<Measured> {
  const failed = await new Bench(policy, io).call(unavailable);
  const hung = await new Bench(policy, io).call(never);
  const [outage, notFound] = [new Bench(policy, io), new Bench(policy, io)];
  const refused = await outage.calls(CALLS, unavailable);
  const { requests } = await new Bench(policy, io).call(missing);
  await notFound.calls(CALLS, missing);
  return {
    name: policy.name,
    requests: failed.requests,
    failsAfter: failed.elapsed,
    ...(hung.ended && { hangEndsAfter: hung.elapsed }),
    hanging: hung.requests,
    outage: { calls: CALLS, requests: outage.requests, refused },
    notFound: { requests, opens: notFound.isOpen },
  };
}

function unavailable(): never {
  throw Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:9"), { code: "ECONNREFUSED" });
}

function missing(): never {
  throw Object.assign(new Error("Request failed with status code 404"), { status: NOT_FOUND });
}

function never(): Promise<never> {
  return new Promise(quiet);
}

interface Called {
  readonly requests: number;
  readonly elapsed: number;
  readonly ended: boolean;
}

/** A runtime of its own, with the settings of the environment, in virtual time. */
class Bench {
  requests = 0;
  readonly #clock = new VirtualClock();
  readonly #options: ProtectOptions;
  readonly #baldur;

  constructor(
    private readonly policy: ProtectedPolicy,
    { env }: Pick<CliIo, "env">,
  ) {
    this.#options = probed(policy.options);
    this.#baldur = createBaldur({
      env: { ...env },
      clock: this.#clock,
      random: () => LONGEST,
      settings: { control: { backend: "memory" } },
      discover: false,
      logger,
      onFatalConfig: quiet,
    });
  }

  get isOpen(): boolean {
    return this.#baldur.circuits({ state: "open" }).length > 0;
  }

  async call(dependency: Dependency): Promise<Called> {
    const before = this.requests;
    const began = this.#clock.monotonic();
    let ended = false;
    const request = (): unknown => {
      this.requests++;
      return dependency();
    };
    const end = (): void => {
      ended = true;
    };
    this.#baldur.protect(this.policy.name, request, this.#options).then(end, end);
    await this.#clock.pass(() => ended, DAY);
    return { requests: this.requests - before, elapsed: this.#clock.monotonic() - began, ended };
  }

  /** One after the other. Answers how many were refused without a request. */
  async calls(count: number, dependency: Dependency): Promise<number> {
    let refused = 0;
    for (let n = 0; n < count; n++) refused += (await this.call(dependency)).requests === 0 ? 1 : 0;
    return refused;
  }
}

/** Without what would reach the application, or stand between the dependency and what is measured. */
function probed({ circuitBreaker, classify, retry, timeout }: ProtectOptions): ProtectOptions {
  const options = {
    circuitBreaker,
    classify,
    timeout,
    retry: typeof retry === "object" ? silent(retry) : retry,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function silent({ onRetry: _told, ...retry }: RetryOptions): RetryOptions {
  return retry;
}
