import { defineSettings, type SettingsGroup, secret, text, type Unnamed } from "@baldur/core/plugin";

/** @public */
export interface LicenseSettings {
  key: string | undefined;
  file: string | undefined;
}

/**
 * The variables of the licence, for `Plugin.settings` of every package that carries `license()`: so that they are known and
 * documented. Read anew at each check, hence refused as options.
 * @public
 */
export const licenseSettings: SettingsGroup<LicenseSettings> = defineSettings<LicenseSettings>("license", {
  prefix: "BALDUR_LICENSE_",
  help: "The licence of the commercial packages; only as variables.",
  fields: {
    key: variableOnly(secret({ env: "KEY", help: "the licence itself; wins over the file" })),
    file: variableOnly(text<string | undefined>({ env: "FILE", help: "a file that holds the licence" })),
  },
});

function variableOnly<T>(unnamed: Unnamed<T>): Unnamed<T> {
  return (prefix) => {
    const field = unnamed(prefix);
    return { ...field, check: () => ({ rule: `given as the variable ${field.variable}` }) };
  };
}
