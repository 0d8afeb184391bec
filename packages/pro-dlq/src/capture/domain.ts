import { normaliseDomain, type PluginTelemetry } from "@baldur/core/plugin";
import { domainRejectedTotal } from "../metrics.js";

/** Where a domain cannot be made out. */
const FALLBACK = "default";
const KEPT = 1024;

/** Business labels from whatever words there are. */
export class DomainNames {
  readonly #known = new Map<string, string>();

  constructor(private readonly telemetry: Pick<PluginTelemetry, "counter">) {}

  /** The label itself, else what it reads as (`payment-api` is `payment_api`), else the label for everything else. */
  of(given: string, site: string): string {
    const known = this.#known.get(given);
    if (known !== undefined) return known;
    const domain = normal(given) ?? this.#replaced(given, site);
    if (this.#known.size < KEPT) this.#known.set(given, domain);
    return domain;
  }

  #replaced(given: string, site: string): string {
    if (given === FALLBACK) return FALLBACK;
    this.telemetry.counter(domainRejectedTotal).cell(site).add();
    return (
      normal(
        String(given)
          .trim()
          .toLowerCase()
          .replace(/[^a-z0-9_.]+/g, "_"),
      ) ?? FALLBACK
    );
  }
}

function normal(given: string): string | undefined {
  try {
    return normaliseDomain(given);
  } catch {
    return undefined; // the caller takes the next best label
  }
}
