import { AdapterError } from "@baldur/core";
import type { Plugin } from "@baldur/core/plugin";

/** Something to dispose of. */
export const nothing: Disposable = { [Symbol.dispose]: () => undefined };

/** A server that refuses everything, by its name, but what is told. */
export function refusing(name: string, told: object = {}): object {
  const refuse = async (): Promise<never> => {
    throw new AdapterError(`${name} refuses`);
  };
  const common = { available: true, watch: () => nothing, close: async () => undefined };
  const redis = { prefix: "baldur:", command: refuse, batch: refuse, run: refuse, publish: refuse };
  const sql = { query: refuse, transaction: refuse, migrate: refuse, notify: refuse, listen: () => nothing };
  return { ...common, ...redis, subscribe: () => nothing, ...sql, ...told };
}

/** A plugin that provides servers by their kinds. */
export const providing = (servers: Readonly<Record<string, object>>): Plugin => ({
  name: "servers",
  register: ({ provider }) => {
    for (const [kind, server] of Object.entries(servers)) provider(kind, () => server);
  },
});
