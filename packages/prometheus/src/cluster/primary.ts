import type { Cluster, Worker } from "node:cluster";
import type { Clock, PluginTelemetry } from "@baldur/core/plugin";
import { workerSilent } from "../events.js";
import type { Group } from "../exporter.js";
import type { Family } from "../family.js";
import { workers } from "../metrics.js";
import { Pace } from "../pace.js";
import { Answers } from "./answers.js";
import { lasting } from "./lasting.js";
import { merge } from "./merge.js";
import { isMessage, type Message, wrap } from "./messages.js";
import { sendParts } from "./parts.js";

export interface PrimaryOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** Milliseconds. */
  readonly timeout: number;
  /** The primary's own metrics, where it has any. */
  readonly own?: () => Promise<readonly Family[]>;
  readonly telemetry?: Pick<PluginTelemetry, "report">;
  readonly rename?: (name: string) => string;
}

interface Member {
  readonly worker: Worker;
  /** As they were when it answered last. */
  latest: readonly Family[];
  silent: boolean;
  /** A question was sent, and its answer may still come. */
  isAsked: boolean;
  hasLeft: boolean;
}

/** Puts the metrics of all workers together, for whichever of them is asked for the page. */
export class Primary implements Group {
  readonly label = {};
  readonly #members = new Map<number, Member>();
  readonly #answers: Answers;
  /** What workers that are gone had counted. */
  readonly #gone: (readonly Family[])[] = [];
  #round: Promise<readonly Family[]> | undefined;

  constructor(private readonly options: PrimaryOptions) {
    this.#answers = new Answers(options.clock);
  }

  open(): this {
    const { cluster } = this.options;
    cluster.on("message", this.#onMessage);
    cluster.on("exit", this.#onExit);
    for (const worker of Object.values(cluster.workers ?? {})) if (worker) tell(worker, { step: "led" });
    return this;
  }

  close(): void {
    const { cluster } = this.options;
    cluster.off("message", this.#onMessage);
    cluster.off("exit", this.#onExit);
    for (const { worker } of this.#members.values()) tell(worker, { step: "alone" });
    this.#members.clear();
  }

  /** Undefined while there are no workers. One round at a time, for all who ask meanwhile. */
  async page(): Promise<readonly Family[] | undefined> {
    if (this.#members.size === 0 && this.#gone.length === 0) return undefined;
    this.#round ??= this.#gather().finally(() => {
      this.#round = undefined;
    });
    return this.#round;
  }

  readonly #onMessage = (worker: Worker, message: unknown): void => {
    if (!isMessage(message)) return;
    if (message.step === "present") this.#enter(worker);
    else if (message.step === "absent") this.#leave(worker);
    else if (message.step === "part") this.#answers.take(message);
    else if (message.step === "page") void this.#answer(worker, message.id);
  };

  readonly #onExit = (worker: Worker): void => this.#leave(worker);

  #enter(worker: Worker): void {
    if (this.#members.has(worker.id)) return;
    this.#members.set(worker.id, { worker, latest: [], silent: false, isAsked: false, hasLeft: false });
    tell(worker, { step: "led" });
  }

  /** What it had counted stays in the sums: by its answer, where that is on the page that is being made. */
  #leave({ id }: Worker): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    member.hasLeft = true;
    if (!member.isAsked) this.#gone.push(lasting(member.latest));
  }

  async #answer(worker: Worker, id: number): Promise<void> {
    const families = (await this.page()) ?? [];
    await sendParts(id, families, new Pace(this.options.clock), (message) => tell(worker, message));
  }

  async #gather(): Promise<readonly Family[]> {
    const { clock, own } = this.options;
    await this.#compact();
    // At one moment: a worker that ends while it is asked is not among both.
    const [members, gone] = [[...this.#members.values()], [...this.#gone]];
    const mine = own?.() ?? [];
    const answers = await Promise.all(members.map((member) => this.#read(member)));
    const families = await merge([...gone, await mine, ...answers], new Pace(clock));
    return members.length === 0 ? families : [...families, this.#attendance(members)];
  }

  /** Workers may come and go for ever. */
  async #compact(): Promise<void> {
    const { length } = this.#gone;
    if (length < 2) return;
    const together = await merge(this.#gone.slice(0, length), new Pace(this.options.clock));
    this.#gone.splice(0, length, together);
  }

  async #read(member: Member): Promise<readonly Family[]> {
    const { timeout, telemetry } = this.options;
    const { worker } = member;
    member.isAsked = true;
    const answer = await this.#answers.ask(timeout, (id) => tell(worker, { step: "read", id }));
    member.isAsked = false;
    if (answer !== undefined) member.latest = answer;
    if (member.hasLeft) this.#gone.push(lasting(member.latest));
    if (answer === undefined) {
      if (!member.silent && worker.isConnected()) telemetry?.report(workerSilent, { worker: worker.id });
      member.silent = true;
      return lasting(member.latest);
    }
    member.silent = false;
    return answer;
  }

  #attendance(members: readonly Member[]): Family {
    const { name, kind, help, across } = workers;
    const silent = members.filter((member) => member.silent).length;
    const { rename = (same: string) => same } = this.options;
    const line = (state: string, value: number) => ({ labels: { state }, value });
    const series = [line("answered", members.length - silent), line("silent", silent)];
    return { name: rename(name), type: kind as "gauge", help, across, bounds: [], series };
  }
}

function tell(worker: Worker, message: Message): void {
  if (!worker.isConnected()) return;
  worker.send(wrap(message), () => undefined); // a worker that is ending takes no more messages, which is not worth an error
}
