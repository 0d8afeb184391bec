import type { ReplayHandlers } from "@baldur/core/plugin";
import type { Arming } from "../api.js";
import type { DlqStore } from "../store/store.js";

export interface ArmingParts {
  readonly store: DlqStore;
  readonly handlers: ReplayHandlers;
  readonly isEnabled: () => boolean;
}

/** Whether entries will come back by themselves, and if not, which links are missing; the first is the one to mend. */
export async function armingOf({ store, handlers, isEnabled }: ArmingParts): Promise<Arming> {
  try {
    const waiting = (await store.counts()).filter(({ counts }) => (counts.pending ?? 0) > 0);
    const isHandled = waiting.every(({ name }) => handlers.get(name) !== undefined);
    const missingLinks = [...(isEnabled() ? [] : ["disabled"]), ...(isHandled ? [] : ["handler_missing"])];
    const [missingLink] = missingLinks;
    return {
      armed: missingLinks.length === 0,
      missingLinks,
      ...(missingLink !== undefined && { missingLink }),
    };
  } catch {
    return { armed: null, missingLink: "probe_failed", missingLinks: ["probe_failed"] }; // unknown, not "no"
  }
}
