import type { DlqStore } from "./store.js";

/**
 * A store that is chosen when it is first needed: what there is to choose from is known only once all plugins have
 * registered. What choosing it throws rejects what was asked.
 */
export function lateStore(chosen: () => DlqStore): DlqStore {
  const store = async (): Promise<DlqStore> => chosen();
  return {
    prepare: async () => (await store()).prepare?.(),
    add: async (...args) => (await store()).add(...args),
    get: async (...args) => (await store()).get(...args),
    list: async (...args) => (await store()).list(...args),
    change: async (...args) => (await store()).change(...args),
    counts: async () => (await store()).counts(),
    due: async (...args) => (await store()).due(...args),
    remove: async (...args) => (await store()).remove(...args),
    renewOwner: async (...args) => (await store()).renewOwner(...args),
    removeOwner: async (...args) => (await store()).removeOwner(...args),
    owners: async () => (await store()).owners(),
    lease: async (...args) => (await store()).lease(...args),
    endLease: async (...args) => (await store()).endLease(...args),
    summaries: async (...args) => (await store()).summaries(...args),
    ageSummaries: async (...args) => (await store()).ageSummaries(...args),
  };
}
