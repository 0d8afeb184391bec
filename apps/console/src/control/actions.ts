import type { Api } from "../api/client.js";
import type { ControlAnswer } from "../api/types.js";
import { type Action, OPTIONAL_REASON, REASON } from "../parts/action.js";
import type { Source } from "../state/source.js";

/** What can be done to Baldur as a whole, as it is now. */
export function controlActions(
  state: ControlAnswer,
  api: Api,
  control: Source<ControlAnswer>,
): readonly Action[] {
  const wordings = [
    state.enabled === false ? ENABLE : DISABLE,
    state.dryRun === true ? LEAVE_DRY_RUN : ENTER_DRY_RUN,
  ];
  return wordings.map(({ path, body, done, ...rest }) => ({
    ...rest,
    button: rest.verb,
    needs: "admin",
    changes: [control],
    send: async (entered) => {
      await api.post(path, { ...body, ...entered });
      return { isGood: true, text: done };
    },
  }));
}

type Wording = Omit<Action, "button" | "needs" | "changes" | "send"> & {
  readonly path: string;
  readonly body: object;
  readonly done: string;
};

const DISABLE: Wording = {
  title: "Switch Baldur off",
  verb: "Switch off",
  risk: "destructive",
  effect:
    "Breakers, retries, fallbacks, capture and replay stop, in every process that shares this switch. Protected functions run once, directly. Idempotency and explicit timeouts still hold.",
  fields: [REASON],
  path: "system/disable",
  body: {},
  done: "Baldur is switched off",
};

const ENABLE: Wording = {
  title: "Switch Baldur on",
  verb: "Switch on",
  risk: "reversible",
  effect: "Breakers, retries, fallbacks, capture and replay work again.",
  fields: [OPTIONAL_REASON],
  path: "system/enable",
  body: {},
  done: "Baldur is switched on",
};

const ENTER_DRY_RUN: Wording = {
  title: "Begin a dry run",
  verb: "Begin dry run",
  risk: "destructive",
  effect:
    "Decisions are made and reported, and not applied: no circuit opens by itself, and nothing is replayed.",
  fields: [OPTIONAL_REASON],
  path: "system/dry-run/enable",
  body: {},
  done: "The dry run has begun",
};

const LEAVE_DRY_RUN: Wording = {
  title: "End the dry run",
  verb: "End dry run",
  risk: "external",
  effect: "Decisions are applied again: circuits open, and work that waits is replayed.",
  fields: [OPTIONAL_REASON],
  path: "system/dry-run/disable",
  body: { confirm: true },
  done: "The dry run is over",
};
