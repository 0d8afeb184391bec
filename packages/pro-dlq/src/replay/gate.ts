import type { FailedOperation, ReplayHandler, ReplayHandlers, ReplayVerdict } from "@baldur/core/plugin";
import type { Entry } from "../entry/entry.js";
import { toOperation, toReplayable } from "../entry/operation.js";
import type { DlqSettings } from "../settings.js";
import type { Unseal } from "../snapshot/revive.js";
import type { Patience } from "./patience.js";

export interface GateOptions {
  readonly settings: Pick<DlqSettings, "truncateBlocksReplay">;
  readonly handlers: ReplayHandlers;
  readonly unseal: Unseal | undefined;
  readonly patience: Patience;
}

const UNANSWERED: ReplayVerdict = { ok: false, reason: "can_replay_unanswered" };

export type Admission = { readonly operation: FailedOperation } | { readonly refused: string };

/** Whether one entry can be replayed at all; asked before it is claimed, so that a refusal costs it nothing. */
export class Gate {
  constructor(private readonly options: GateOptions) {}

  /** Whether the application has a say in it. */
  asks({ body }: Entry): boolean {
    return this.options.handlers.get(body.name)?.canReplay !== undefined;
  }

  async admit(entry: Entry): Promise<Admission> {
    const handler = this.options.handlers.get(entry.body.name);
    if (handler === undefined) return { refused: "handler_missing" };
    const damage = this.#damage(entry);
    if (damage !== undefined) return { refused: damage };
    try {
      // With a source of its own the handler does not need what is gone: it gets what there is.
      const operation = isWhole(entry) ? toReplayable(entry, this.options.unseal) : toOperation(entry);
      return (await this.#refusal(handler, operation)) ?? { operation };
    } catch (error) {
      return { refused: `not_replayable: ${(error as Error).message}` };
    }
  }

  async #refusal(handler: ReplayHandler, operation: FailedOperation): Promise<Admission | undefined> {
    if (handler.canReplay === undefined) return undefined;
    const asking = Promise.resolve(handler.canReplay(operation));
    const verdict = await this.options.patience.wait(asking, () => UNANSWERED);
    const ok = typeof verdict === "boolean" ? verdict : verdict.ok;
    if (ok) return undefined;
    const reason = typeof verdict === "boolean" ? undefined : verdict.reason;
    return { refused: reason ?? "can_replay_refused" };
  }

  /** A replay never runs on altered arguments; a handler that was registered for it may have a source of its own. */
  #damage({ body }: Entry): string | undefined {
    const { handlers, settings } = this.options;
    if (body.truncated && settings.truncateBlocksReplay) return "request_data_truncated";
    if (!handlers.isProtected(body.name)) return undefined;
    if (body.truncated) return "request_data_truncated";
    if (body.masked !== undefined) return "request_data_masked";
    if (body.altered !== undefined) return "request_data_altered";
    return body.requestData?.["args"] === undefined ? "request_data_missing" : undefined;
  }
}

function isWhole({ body }: Entry): boolean {
  return body.masked === undefined && body.altered === undefined && body.truncated === undefined;
}
