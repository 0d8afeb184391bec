import { describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../../src/errors.js";
import { definePlugin, type Plugin } from "../../src/plugins/plugin.js";

const register = (): void => undefined;

describe("definePlugin", () => {
  it.each(["a", "redis", "@baldur/redis", "@acme/baldur.cache-2"])(
    "hands a plugin named %s back as it is",
    (name) => {
      const plugin: Plugin = { name, register };
      expect(definePlugin(plugin)).toBe(plugin);
    },
  );

  it("accepts an instance of a class", () => {
    class Cache implements Plugin {
      readonly name = "cache";
      register(): void {}
      async start(): Promise<void> {}
    }
    const plugin = new Cache();
    expect(definePlugin(plugin)).toBe(plugin);
  });

  it.each([
    ["nothing", undefined, "plugin must be an object; received undefined"],
    ["null", null, "plugin must be an object; received null"],
    [
      "a factory that was not called",
      () => ({ name: "a", register }),
      "plugin must be an object; received a function",
    ],
    ["no name", { register }, "plugin.name must be the name of a package, in lower case; received undefined"],
    ["a name with a space", { name: "a b", register }, "plugin.name must be"],
    ["a name with a line break", { name: "a\nb", register }, "plugin.name must be"],
    ["a name without end", { name: "a".repeat(215), register }, "plugin.name must be"],
    ["no register", { name: "a" }, "a: register must be a function; received undefined"],
    [
      "a start that is no function",
      { name: "a", register, start: true },
      "a: start must be a function; received true",
    ],
    [
      "a close that is no function",
      { name: "a", register, close: {} },
      "a: close must be a function; received an object",
    ],
    [
      "a verdict as entitlement",
      { name: "a", register, entitlement: { status: "active" } },
      "a: entitlement must be a function",
    ],
    [
      "a single group of settings",
      { name: "a", register, settings: { area: "a" } },
      "a: settings must be an array",
    ],
  ])("refuses %s", (_, plugin, message) => {
    expect(() => definePlugin(plugin as unknown as Plugin)).toThrow(ConfigurationError);
    expect(() => definePlugin(plugin as unknown as Plugin)).toThrow(message);
  });
});
