import type { Worker } from "node:cluster";
import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import { primarySilent } from "../events.js";
import type { Group } from "../exporter.js";
import type { Family, Labels } from "../family.js";
import { Pace } from "../pace.js";
import { Answers } from "./answers.js";
import { isMessage, type Message, wrap } from "./messages.js";
import { sendParts } from "./parts.js";

export interface MemberOptions {
  readonly worker: Worker;
  readonly clock: Clock;
  /** Milliseconds that the primary waits for each worker. */
  readonly timeout: number;
  readonly own: () => Promise<readonly Family[]>;
  readonly telemetry: Pick<PluginTelemetry, "report">;
}

/** A worker of a cluster, whose page is that of all workers where the primary puts it together. */
export class Member implements Group {
  readonly label: Labels;
  readonly #answers: Answers;
  #isLed = false;
  #wasSilent = false;

  constructor(private readonly options: MemberOptions) {
    this.label = { worker: String(options.worker.id) };
    this.#answers = new Answers(options.clock);
  }

  open(): this {
    this.options.worker.on("message", this.#onMessage);
    this.#tell({ step: "present" });
    return this;
  }

  close(): void {
    this.options.worker.off("message", this.#onMessage);
    this.#tell({ step: "absent" });
  }

  /** The primary may have begun to listen after this worker had introduced itself, so that is done again. */
  async page(): Promise<readonly Family[] | undefined> {
    if (!this.#isLed) {
      this.#tell({ step: "present" });
      return undefined;
    }
    const { timeout, telemetry, worker } = this.options;
    const families = await this.#answers.ask(2 * timeout, (id) => this.#tell({ step: "page", id }));
    if (families === undefined && !this.#wasSilent) telemetry.report(primarySilent, { worker: worker.id });
    this.#wasSilent = families === undefined;
    return families;
  }

  readonly #onMessage = (message: unknown): void => {
    if (!isMessage(message)) return;
    if (message.step === "part") this.#answers.take(message);
    else if (message.step === "read") void this.#answer(message.id);
    else if (message.step === "led") this.#follow();
    else if (message.step === "alone") this.#isLed = false;
  };

  #follow(): void {
    if (!this.#isLed) this.#tell({ step: "present" });
    this.#isLed = true;
  }

  async #answer(id: number): Promise<void> {
    const { own, clock } = this.options;
    await sendParts(id, await own(), new Pace(clock), (message) => this.#tell(message));
  }

  #tell(message: Message): void {
    const { worker } = this.options;
    if (!worker.isConnected()) return;
    worker.send(wrap(message), () => undefined); // a channel that is closing takes no more, which is not worth an error
  }
}
