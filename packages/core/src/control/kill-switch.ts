import { type HotClock, unref } from "../clock.js";
import { text } from "../describe.js";
import type { DocumentStore, VersionedDocument } from "../documents/documents.js";
import { invalid } from "../errors.js";
import type { EventDefinition } from "../telemetry/event.js";
import type { TelemetryHub } from "../telemetry/telemetry.js";
import * as events from "./events.js";
import * as metrics from "./metrics.js";
import { INITIAL, parseState, type StoredState } from "./state.js";

/** Who changes the system's state, and why. @public */
export interface ControlChange {
  actor: string;
  reason?: string;
}

/** @public */
export interface ControlState {
  readonly enabled: boolean;
  readonly dryRun: boolean;
  /** Of the stored document; 0 while nothing was ever stored. */
  readonly version: number;
  /** Whether what is in force is also stored. */
  readonly persisted: boolean;
  /** What it is stored in. */
  readonly backend: "memory" | "file" | "embedded" | "redis" | "postgres";
  readonly disabled?: { readonly at: Date; readonly by: string; readonly reason: string };
  readonly dryRunSince?: { readonly at: Date; readonly by: string };
}

/**
 * The kill switch and the dry run. A change takes effect in this process at once and in others as they notice it; a
 * missing actor, reason or confirmation rejects with `ConfigurationError`.
 * @public
 */
export interface SystemControl {
  readonly enabled: boolean;
  readonly dryRun: boolean;
  state(): Promise<ControlState>;
  /** Makes everything but idempotency and deadlines inert. */
  disable(change: ControlChange & { reason: string }): Promise<ControlState>;
  enable(change: ControlChange): Promise<ControlState>;
  /** Decides and reports, and applies nothing. */
  enableDryRun(change: ControlChange): Promise<ControlState>;
  disableDryRun(change: ControlChange & { confirm: true }): Promise<ControlState>;
}

/** What calls read: 0 active, 1 dry run, 2 disabled. */
export type Mode = 0 | 1 | 2;

const KEY = "system_control";
const LONGEST_REASON = 500;
const MOST_CONFLICTS = 20;
const RETRY = 1000;

type Edit = (state: StoredState) => StoredState;

export interface KillSwitchParts {
  readonly clock: HotClock;
  readonly telemetry: TelemetryHub;
  readonly documents: DocumentStore;
  /** What the documents are in now. */
  readonly backend: () => ControlState["backend"];
  /** The environment asks for a dry run: it cannot be left while it does. */
  readonly dryRunFloor: boolean;
}

export class KillSwitch implements SystemControl {
  mode: Mode;
  /** In force. */
  #state: StoredState = INITIAL;
  /** As stored, with its version. */
  #base: StoredState = INITIAL;
  #version = 0;
  /** Changes that are in force here and not yet stored. */
  #unstored: Edit[] = [];
  /** Some of them could not be stored. */
  #isBehind = false;
  #watch: Disposable | undefined;
  #retry: unknown;
  #readable = true;
  #closed = false;
  /** Counts what changes the stored state as this process knows it: a read that began before is out of date. */
  #changes = 0;

  constructor(private readonly parts: KillSwitchParts) {
    this.mode = parts.dryRunFloor ? 1 : 0;
    parts.telemetry.observeGauge(metrics.enabledGauge, () => [[[], this.enabled ? 1 : 0]]);
    parts.telemetry.observeGauge(metrics.dryRunGauge, () => [[[], this.dryRun ? 1 : 0]]);
  }

  get enabled(): boolean {
    return this.mode !== 2;
  }

  get dryRun(): boolean {
    return this.parts.dryRunFloor || this.#state.dryRun;
  }

  /** Whether what is in force is also stored, or about to be for the first time. */
  get persisted(): boolean {
    return !this.#isBehind;
  }

  /** Loads the stored state and follows it. */
  async start(): Promise<void> {
    await this.#load();
    if (this.#closed) return;
    this.#watch ??= this.parts.documents.watch(KEY, (document) => this.#adopt(document));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
    this.parts.clock.clearTimeout(this.#retry);
    this.#retry = undefined;
    if (this.#unstored.length > 0) await this.#store();
  }

  async state(): Promise<ControlState> {
    await this.#load();
    return this.#view();
  }

  async disable(change: ControlChange & { reason: string }): Promise<ControlState> {
    const { actor, reason } = given(change);
    const by = words("actor", actor);
    const why = words("reason", reason);
    const at = this.parts.clock.now();
    return this.#change("disable", events.killSwitchActivated, { actor: by, reason: why }, (state) => ({
      ...state,
      enabled: false,
      disabled: state.disabled ?? { at, by, reason: why },
    }));
  }

  async enable(by: ControlChange): Promise<ControlState> {
    const change = attributed(by);
    return this.#change("enable", events.killSwitchDeactivated, change, ({ dryRun, dryRunSince }) => ({
      ...INITIAL,
      dryRun,
      ...(dryRunSince !== undefined && { dryRunSince }),
    }));
  }

  async enableDryRun(change: ControlChange): Promise<ControlState> {
    const { actor: by, reason } = attributed(change);
    const at = this.parts.clock.now();
    return this.#change("enable_dry_run", events.dryRunEnabled, { actor: by, reason }, (state) => ({
      ...state,
      dryRun: true,
      dryRunSince: state.dryRunSince ?? { at, by },
    }));
  }

  async disableDryRun(by: ControlChange & { confirm: true }): Promise<ControlState> {
    const change = attributed(by);
    const { confirm } = by;
    if ((confirm as unknown) !== true)
      throw invalid("confirm", "true, because decisions will be applied again", confirm);
    return this.#change("disable_dry_run", events.dryRunDisabled, change, ({ dryRunSince: _, ...state }) => ({
      ...state,
      dryRun: false,
    }));
  }

  async #change(
    action: string,
    event: EventDefinition<{ actor: string; reason: string | undefined; at: string }>,
    { actor, reason }: { actor: string; reason: string | undefined },
    edit: Edit,
  ): Promise<ControlState> {
    await this.#load();
    this.#changes++;
    this.#unstored.push(edit);
    this.#become(edit(this.#state));
    this.parts.telemetry.counter(metrics.changesTotal).cell(action).add();
    this.parts.telemetry.report(event, { actor, reason, at: new Date(this.parts.clock.now()).toISOString() });
    await this.#store();
    return this.#view();
  }

  /** Writes what is not stored yet onto the latest document; what cannot be written stays in force and is tried again. */
  async #store(): Promise<void> {
    try {
      for (let conflicts = 0; this.#unstored.length > 0 && conflicts < MOST_CONFLICTS; conflicts++) {
        const edits = [...this.#unstored];
        const next = edits.reduce((state, edit) => edit(state), this.#base);
        const result = await this.parts.documents.compareAndSet(KEY, this.#version, next);
        if (!result.ok) this.#note(result.current);
        else {
          this.#changes++;
          this.#unstored = this.#unstored.slice(edits.length);
          this.#version = result.version;
          this.#base = next;
        }
      }
    } catch (error) {
      this.parts.telemetry.report(events.persistFailed, { error: text(error) });
    }
    this.#become(this.#inForce());
    this.#isBehind = this.#unstored.length > 0;
    if (this.#isBehind) this.#tryAgain();
  }

  #inForce(): StoredState {
    return this.#unstored.reduce((state, edit) => edit(state), this.#base);
  }

  #tryAgain(): void {
    if (this.#closed || this.#retry !== undefined) return;
    this.#retry = this.parts.clock.setTimeout(() => {
      this.#retry = undefined;
      void this.#store();
    }, RETRY);
    unref(this.#retry);
  }

  async #load(): Promise<void> {
    const before = this.#changes;
    try {
      const document = await this.parts.documents.read(KEY);
      if (before === this.#changes) this.#adopt(document);
    } catch (error) {
      this.#unreadable(text(error));
    }
  }

  #adopt(document: VersionedDocument | undefined): void {
    this.#note(document);
    this.#become(this.#inForce());
  }

  #note(document: VersionedDocument | undefined): void {
    const parsed = document === undefined ? this.#base : parseState(document.value);
    if (parsed === undefined) this.#unreadable("the document has another shape");
    else this.#readable = true;
    // What is missing or cannot be understood changes nothing: a lost file must not switch a disabled process on.
    this.#base = parsed ?? this.#base;
    this.#version = document?.version ?? 0;
  }

  /** Told once, until it can be read again. */
  #unreadable(error: string): void {
    if (this.#readable) this.parts.telemetry.report(events.stateUnreadable, { error });
    this.#readable = false;
  }

  #become(state: StoredState): void {
    this.#state = state;
    this.mode = state.enabled ? (this.dryRun ? 1 : 0) : 2;
  }

  #view(): ControlState {
    const { disabled, dryRunSince } = this.#state;
    return {
      enabled: this.enabled,
      dryRun: this.dryRun,
      version: this.#version,
      persisted: this.persisted,
      backend: this.parts.backend(),
      ...(disabled !== undefined && { disabled: { ...disabled, at: new Date(disabled.at) } }),
      ...(dryRunSince !== undefined && { dryRunSince: { ...dryRunSince, at: new Date(dryRunSince.at) } }),
    };
  }
}

function given<T>(change: T): T {
  if (typeof change !== "object" || change === null)
    throw invalid("change", "an object with actor and reason", change);
  return change;
}

function attributed(change: ControlChange): { actor: string; reason: string | undefined } {
  const { actor, reason } = given(change);
  return { actor: words("actor", actor), reason: reason === undefined ? undefined : words("reason", reason) };
}

function words(option: string, value: unknown): string {
  if (typeof value !== "string" || value.trim() === "" || value.length > LONGEST_REASON) {
    throw invalid(option, `a non-empty string of at most ${LONGEST_REASON} characters`, value);
  }
  return value;
}
