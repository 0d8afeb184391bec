import { ConfigurationError } from "../errors.js";
import type { SettingsGroup, Unit } from "./define.js";
import { Environment } from "./environment.js";
import { nearest } from "./nearest.js";
import { type Resolution, resolveSettings, type SettingSource, type SettingsOverrides } from "./resolve.js";

/** A setting as it is in force. @public */
export interface SettingRow {
  readonly area: string;
  readonly key: string;
  readonly variable: string;
  readonly type: string;
  readonly unit?: Unit;
  readonly min?: number;
  readonly max?: number;
  readonly default: unknown;
  /** `***` for a secret that is set. */
  readonly value: unknown;
  readonly source: SettingSource;
  readonly help: string;
}

const MASK = "***";
const NO_ENVIRONMENT = new Environment({});

/** The settings of a runtime: what is in force, and where it came from. @public */
export class SettingsCatalog {
  readonly #resolutions: { readonly groups: readonly SettingsGroup[]; readonly resolution: Resolution }[] =
    [];
  readonly #values = new Map<SettingsGroup, object>();

  constructor(
    private readonly environment: Environment,
    private readonly overrides: SettingsOverrides = {},
  ) {}

  /** Resolves more groups. Answers what is wrong with them; values that break their rule are replaced by the default. */
  add(groups: readonly SettingsGroup[]): readonly string[] {
    const areas = groups.map(({ area }) => area);
    const overrides = Object.fromEntries(
      Object.entries(this.overrides).filter(([area]) => areas.includes(area)),
    );
    const resolution = resolveSettings(groups, this.environment, overrides);
    this.#resolutions.push({ groups, resolution });
    for (const group of groups) {
      const own = resolution.fields.filter((field) => field.group === group);
      this.#values.set(group, Object.freeze(Object.fromEntries(own.map(({ key, value }) => [key, value]))));
    }
    return resolution.problems;
  }

  /** Areas named in the options that no group has, and that are not reserved for a package which may be absent. */
  unknownAreas(reserved: readonly string[]): { readonly area: string; readonly nearest?: string }[] {
    const known = this.groups().map(({ area }) => area);
    return Object.keys(this.overrides)
      .filter((area) => !known.includes(area) && !reserved.includes(area))
      .map((area) => {
        const meant = nearest(area, known);
        return meant === undefined ? { area } : { area, nearest: meant };
      });
  }

  /** The values of a group. Throws for a group that was not added. */
  of<V extends object>(group: SettingsGroup<V>): Readonly<V> {
    const values = this.#values.get(group);
    if (values === undefined) throw new Error(`settings ${group.area} were not registered`);
    return values as Readonly<V>;
  }

  /** The same with values that win. Throws `ConfigurationError` for the first that breaks its rule. */
  withOverrides<V extends object>(group: SettingsGroup<V>, overrides: Partial<V> = {}): Readonly<V> {
    const problem = resolveSettings([group], NO_ENVIRONMENT, { [group.area]: overrides }).problems[0];
    if (problem !== undefined) throw new ConfigurationError(problem);
    const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
    return { ...this.of(group), ...Object.fromEntries(given) };
  }

  groups(): readonly SettingsGroup[] {
    return this.#resolutions.flatMap(({ groups }) => groups);
  }

  /** Every setting in force, secrets masked. */
  describe(): SettingRow[] {
    return this.#resolutions.flatMap(({ resolution }) =>
      resolution.fields.map(({ group, key, field, value, source }) => {
        const { variable, type, unit, min, max, help, secret } = field;
        const shown = secret && value !== undefined ? MASK : value;
        const facts = {
          area: group.area,
          key,
          variable,
          type,
          default: field.default,
          value: shown,
          source,
          help,
        };
        return {
          ...facts,
          ...(unit !== undefined && { unit }),
          ...(min !== undefined && { min }),
          ...(max !== undefined && { max }),
        };
      }),
    );
  }
}
