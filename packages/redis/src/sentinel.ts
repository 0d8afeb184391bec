import { failureOf } from "./failure.js";
import type { Link, Opening } from "./link.js";
import type { Endpoint, SentinelPlace } from "./url.js";

type Open = (sentinel: Endpoint, opening: Opening) => Promise<Link>;

/**
 * Asks all Sentinels at once where the master is, and believes the first that knows: one that is silent holds up nothing.
 * Rejects with what most helps to find out why none did.
 */
export async function findMaster(
  { sentinels, master }: SentinelPlace,
  open: Open,
  signal: AbortSignal,
): Promise<Endpoint> {
  const enough = new AbortController();
  const opening: Opening = { closed: () => undefined, signal: AbortSignal.any([signal, enough.signal]) };
  try {
    return await Promise.any(sentinels.map(async (one) => ask(await open(one, opening), master)));
  } catch (error) {
    throw worst((error as AggregateError).errors);
  } finally {
    enough.abort();
  }
}

/** Hands the link back if it leads to a master: a Sentinel may not know yet that it is none any more. */
export async function checkMaster(link: Link): Promise<Link> {
  try {
    const [role] = (await link.call(["ROLE"])) as readonly unknown[];
    if (role === "master") return link;
  } catch (error) {
    if (failureOf(error).type === "NOPERM") return link; // a replica refuses the first write
    link.discard();
    throw error;
  }
  link.discard();
  throw because("not_master", "what the Sentinels call the master is none");
}

async function ask(link: Link, master: string): Promise<Endpoint> {
  const found = (await link.call(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master])) as
    | readonly string[]
    | null;
  const [host, port] = found ?? [];
  if (host === undefined) throw because("unknown_master", `the Sentinels know no master ${master}`);
  return { host, port: Number(port) };
}

/** One that does not let us in, or does not know the name, is there at least. */
function worst(errors: readonly unknown[]): unknown {
  const unreachable = because("sentinels_unreachable", "no Sentinel could be asked");
  const denied = errors.find((error) => failureOf(error).kind === "denied");
  return denied ?? errors.find((error) => failureOf(error).type === "unknown_master") ?? unreachable;
}

function because(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
