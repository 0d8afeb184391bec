import type { EntryStatus, RedisClient } from "@baldur/core/plugin";
import { type Group, Groups } from "../fleet/groups.js";
import type { Filter, GroupCount } from "../store.js";
import { pairsOf } from "./hash.js";
import { type Keys, type Place, placeOf, written } from "./keys.js";
import type { Belonging } from "./states.js";

/** A place where there are entries. */
interface Counted extends Place {
  readonly entries: number;
}

/** Which groups there are, and how many entries each has in which state. */
export class Census {
  readonly #groups = new Groups();

  constructor(
    private readonly client: RedisClient,
    private readonly keys: Keys,
  ) {}

  /** Where entries are that fit. */
  async places({ status, name, domain, failureType }: Filter): Promise<readonly Place[]> {
    const isOfAny = name === undefined && domain === undefined && failureType === undefined;
    const [counted, groups] = isOfAny ? [await this.#counted()] : await this.#all();
    return counted.filter((place) => {
      if (status !== undefined && place.status !== status) return false;
      if (groups === undefined) return true;
      const group = groups.get(place.group);
      return (
        group !== undefined &&
        (name ?? group.name) === group.name &&
        (domain ?? group.domain) === group.domain &&
        (failureType ?? group.failureType) === group.failureType
      );
    });
  }

  /** Where there are entries, with the domains of these. */
  async belongings(): Promise<readonly Belonging[]> {
    const [counted, groups] = await this.#all();
    return counted.map((place) => {
      const group = groups.get(place.group);
      return { ...place, domain: group === undefined ? "" : written(group.domainNumber) };
    });
  }

  async counts(): Promise<readonly GroupCount[]> {
    const [counted, groups] = await this.#all();
    const counts = new Map<Group, Partial<Record<EntryStatus, number>>>();
    for (const group of groups.values()) counts.set(group, {});
    for (const { group, status, entries } of counted) {
      const of = counts.get(groups.get(group) as Group);
      if (of !== undefined) of[status] = entries;
    }
    return [...counts].map(([{ name, domain, failureType }, of]) => ({
      name,
      domain,
      failureType,
      counts: of,
    }));
  }

  async #counted(): Promise<Counted[]> {
    return countedIn(pairsOf(await this.client.command("HGETALL", this.keys.counts)));
  }

  async #all(): Promise<[Counted[], Map<string, Group>]> {
    const { counts, groups } = this.keys;
    const [counted, described] = await this.client.batch([
      ["HGETALL", counts],
      ["HGETALL", groups],
    ]);
    return [countedIn(pairsOf(counted ?? [])), this.#described(pairsOf(described ?? []))];
  }

  #described(texts: ReadonlyMap<string, string>): Map<string, Group> {
    const groups = new Map<string, Group>();
    for (const [number, text] of texts) {
      const [name, domain, failureType] = JSON.parse(text) as [string, string, string];
      groups.set(number, this.#groups.of({ name, domain, failureType }));
    }
    return groups;
  }
}

function countedIn(texts: ReadonlyMap<string, string>): Counted[] {
  return [...texts].flatMap(([name, text]) => {
    const [place, entries] = [placeOf(name), Number(text)];
    return place !== undefined && entries > 0 ? [{ ...place, entries }] : [];
  });
}
