import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { FailureStatistics, PluginContext } from "@baldur/core/plugin";
import type { DlqOptions } from "./api.js";
import { Chain } from "./capture/chain.js";
import { DomainNames } from "./capture/domain.js";
import { ErrorDescriber } from "./capture/error-describer.js";
import { EntryMaker } from "./capture/maker.js";
import { Outbox } from "./capture/outbox.js";
import { Recorder } from "./capture/recorder.js";
import { overviewOf } from "./counting.js";
import { DeadLetterQueue } from "./dlq.js";
import { automationFailed, outboxOverflowed, shutdownDumped, spillFailed } from "./events.js";
import { Gauges } from "./gauges.js";
import { Maintenance } from "./maintenance.js";
import { outboxDrops } from "./metrics.js";
import { replayOverrides } from "./options.js";
import { Owner } from "./owner.js";
import { Arrears } from "./replay/arrears.js";
import { Automation } from "./replay/automation.js";
import { Gate } from "./replay/gate.js";
import { Guard } from "./replay/guard.js";
import { Patience } from "./replay/patience.js";
import { Replays } from "./replay/replays.js";
import { Runner } from "./replay/runner.js";
import { Sweeper } from "./replay/sweeper.js";
import { Told } from "./replay/told.js";
import { type DlqSettings, dlqSettings, replaySettings, secretsSettings } from "./settings.js";
import { createSeal } from "./snapshot/seal.js";
import { sensitiveKeys } from "./snapshot/sensitive.js";
import { SpillFile } from "./spill/spill.js";
import { chooseStore } from "./store/choice.js";
import { lateStore } from "./store/late.js";
import type { DlqStore, NewEntry } from "./store/store.js";
import { every } from "./ticker.js";

const GAUGES_INTERVAL = 5000;

/** The queue of one runtime, put together. */
export interface Assembly {
  readonly recorder: Recorder;
  readonly queue: DeadLetterQueue;
  readonly statistics: FailureStatistics;
  readonly automation: Automation;
  background(signal: AbortSignal): Promise<void>;
  /** Throws `ConfigurationError` for a store that nobody provides. */
  start(): void;
  /** Rejects when something was not written in time; what it was went down the chain. */
  close(): Promise<void>;
}

export function assemble(context: PluginContext, options: DlqOptions): Assembly {
  const { clock, telemetry, control, slots, replayHandlers: handlers } = context;
  const maxReplayAttempts = options.replay?.maxRetries;
  const settings = context.settings(
    dlqSettings,
    maxReplayAttempts === undefined ? {} : { maxReplayAttempts },
  );
  const replay = context.settings(replaySettings, replayOverrides(options));
  const key = options.encryptionKey ?? context.settings(secretsSettings).encryptionKey;
  const seal = key === undefined ? undefined : createSeal(key);

  let chosen: DlqStore | undefined;
  const choose = (): DlqStore => {
    chosen ??= chooseStore(context, settings.backend);
    return chosen;
  };
  const store = lateStore(choose);
  const spill = new SpillFile({
    folders: spillFolders(context, settings.fallbackPath),
    clock,
    onProblem: ({ kind, ...detail }) =>
      telemetry.report(spillFailed, { problem: kind, detail: JSON.stringify(detail) }),
  });
  const capacity = {
    total: settings.maxSize,
    perDomain: settings.maxSizePerDomain,
    strategy: settings.overflowStrategy,
  };
  const chain = new Chain({ store, capacity, spill, clock, telemetry });
  const outbox = createOutbox(context, settings, chain, () => chosen?.flights ?? 1);
  const maker = new EntryMaker({
    settings,
    domainMaxRetries: replay.domainMaxRetries,
    clock,
    telemetry,
    domains: new DomainNames(telemetry),
    errors: new ErrorDescriber(clock),
    isSensitive: sensitiveKeys(settings.sensitiveKeys),
    seal: seal?.seal,
  });

  const onFailure = (error: unknown): void =>
    telemetry.report(automationFailed, { name: "", error: (error as Error).message });
  const owner = new Owner({ store, clock, lease: replay.lease, onFailure });
  const patience = new Patience(clock);
  const gate = new Gate({ settings, handlers, unseal: seal?.unseal, patience });
  const guard = new Guard(context);
  const arrears = new Arrears(store, clock);
  const runner = new Runner(arrears, context, patience);
  const parts = { store, owner, gate, guard, runner, told: new Told(), arrears, context };
  const replays = new Replays(parts, replay);
  const now = (): number => clock.now();
  const sweeping = { ...settings, ...replay };
  const sweeper = new Sweeper({ store, owner, guard, replays, now, settings: sweeping, onFailure });
  const automation = new Automation({
    store,
    replays,
    sweeper,
    handlers,
    clock,
    telemetry,
    settings,
    replay,
  });
  const maintenance = new Maintenance({
    store,
    chain,
    clock,
    telemetry,
    settings,
    owner,
    patience,
    arrears,
    lease: replay.lease,
  });
  const isEnabled = (): boolean => settings.enabled && replay.onRecoveryEnabled && control.enabled;
  const arming = { store, handlers, isEnabled };
  const gauges = new Gauges({ store, outbox, arming, telemetry, maxSize: settings.maxSize });
  const queue = new DeadLetterQueue({
    store,
    maker,
    outbox,
    replays,
    sweeper,
    maintenance,
    arming,
    settings,
    context: { clock, control, telemetry, slots },
  });

  const wake = (isAvailable: boolean): void => {
    if (!isAvailable) return;
    chain.wake();
    chain.absorb().catch(() => undefined); // the next look tells why
    void arrears.pay();
    automation.storeIsBack();
  };
  const watched: Disposable[] = [];

  /** A process that ends takes nothing with it. */
  const dump = (): number =>
    outbox.dump((rest) => {
      const where = chain.divertSync(rest);
      telemetry.report(shutdownDumped, { entries_dumped: rest.length, where });
      return where;
    });
  return {
    recorder: new Recorder({ enabled: settings.enabled, maker, outbox }),
    queue,
    statistics: { kind: "dlq", overview: async () => overviewOf(await store.counts()) },
    automation,
    background: async (signal) => {
      const refresh = (): Promise<void> => gauges.refresh().catch(onFailure);
      await Promise.all([
        maintenance.run(signal),
        automation.schedule(signal),
        every(clock, sweeper.renewal, signal, () => sweeper.renew()),
        every(clock, GAUGES_INTERVAL, signal, refresh),
      ]);
    },
    start() {
      // What keeps it from being ready was told, and whoever needs it tries again.
      choose()
        .prepare?.()
        .catch(() => undefined);
      for (const server of [context.sql(), context.redis()])
        if (server !== undefined) watched.push(server.watch(wake));
      process.once("exit", dump);
    },
    async close() {
      for (const each of watched.splice(0)) each[Symbol.dispose]();
      const idle = automation.close(); // a handler that does not end must not keep captures from their place
      const isDrained = await outbox.drained(settings.outboxJoinTimeout);
      const dumped = dump();
      process.off("exit", dump);
      await idle;
      await spill.close();
      // First: a store that hangs would be waited for.
      if (!isDrained) throw new Error(`${dumped} entries were not stored in time and went down the chain`);
      await arrears.pay();
      await owner.close().catch(() => undefined); // where the store refuses that too, it is forgotten when its lease ends
    },
  };
}

function createOutbox(
  { clock, telemetry }: PluginContext,
  settings: DlqSettings,
  chain: Chain,
  flights: () => number,
): Outbox {
  const {
    outboxCapacity: capacity,
    outboxBatchSize: batchSize,
    outboxDropRateThreshold: threshold,
  } = settings;
  let isBreached = false;
  const overflow = (entries: readonly NewEntry[]): ReturnType<Chain["divert"]> => {
    telemetry.counter(outboxDrops).cell().add(entries.length);
    const { enqueued, dropped, size } = outbox.stats;
    const dropRate = dropped / enqueued;
    const facts = { capacity, size, total_dropped: dropped, drop_rate: dropRate };
    if (dropRate > threshold && !isBreached) telemetry.report(outboxOverflowed, facts);
    isBreached = dropRate > threshold;
    return chain.divert(entries);
  };
  const outbox = new Outbox({
    capacity,
    batchSize,
    flights,
    clock,
    write: (entries) => chain.write(entries),
    overflow,
  });
  return outbox;
}

/** Folders for the spill file, the likeliest one first. None is shared with another application of the user. */
function spillFolders(
  { dataFolder }: Pick<PluginContext, "dataFolder">,
  own: string = join(dataFolder(), "dlq-spill"),
): string[] {
  const user = process.getuid?.() ?? "user";
  const application = createHash("sha256").update(resolve(own)).digest("hex").slice(0, 16);
  return [own, join(tmpdir(), `baldur-${user}`, `dlq-spill-${application}`)];
}
