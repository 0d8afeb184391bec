import type { Capture, CaptureRefusal, FailedCall, FailureRecorder } from "@baldur/core/plugin";
import type { EntryMaker } from "./maker.js";
import type { Outbox } from "./outbox.js";

export interface RecorderOptions {
  readonly enabled: boolean;
  readonly maker: EntryMaker;
  readonly outbox: Outbox;
}

/** Takes failed calls over: writes them down at once, and stores them off the caller's path. */
export class Recorder implements FailureRecorder {
  readonly kind = "dlq";

  constructor(private readonly options: RecorderOptions) {}

  capture(call: FailedCall): Capture {
    if (!this.options.enabled) return refusal("disabled");
    const entry = this.options.maker.ofCall(call);
    return { id: entry.id, settled: this.options.outbox.add(entry) };
  }
}

function refusal(reason: CaptureRefusal): Capture {
  return { captured: false, reason };
}
