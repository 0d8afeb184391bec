/** Series by their values, one for each minute, in promtool's notation. */
type Input = Readonly<Record<string, string>>;

interface AlertCase {
  readonly alert: string;
  readonly fires: Input;
  readonly isQuiet: Input;
}

/** Minutes after which the alerts are looked at. */
export const LOOK = 150;

/** Counted for the first time shortly before: the series was not there until then. */
const FIRST = `_x${LOOK - 5} 1+0x10`;
/** Counted once more shortly before. */
const AGAIN = `5+0x${LOOK - 5} 6+0x10`;
const LONG_AGO = `5+0x${LOOK}`;
const always = (value: number): string => `${value}+0x${LOOK}`;
/** Open and half-open by turns, as where each probe hangs. */
const OPENING_AGAIN = Array.from({ length: LOOK + 1 }, (_, minute) => 1 + (minute % 2)).join(" ");
/** Changed a minute before. */
const just = (before: number, now: number): string => `${before}+0x${LOOK - 1} ${now}+0x5`;

function counted(alert: string, series: string): AlertCase[] {
  return [FIRST, AGAIN].map((values) => ({
    alert,
    fires: { [series]: values },
    isQuiet: { [series]: LONG_AGO },
  }));
}

function stands(alert: string, series: string, bad: number, good: number): AlertCase[] {
  return [{ alert, fires: { [series]: always(bad) }, isQuiet: { [series]: always(good) } }];
}

/** What must make each alert fire, and what is near to it and must not. */
export const alertCases: readonly AlertCase[] = [
  ...counted("BaldurDeadLettersRefused", 'baldur_dlq_rejected_total{job="shop",domain="pay"}'),
  ...counted("BaldurDeadLettersEvicted", 'baldur_dlq_evicted_total{job="shop",domain="pay"}'),
  ...counted("BaldurDeadLettersNotKept", 'baldur_dlq_discarded_total{job="shop",domain="pay"}'),
  ...counted("BaldurLogDiskFull", 'baldur_wal_disk_full_total{job="shop"}'),
  ...counted("BaldurRequestsAborted", 'baldur_shutdown_aborted_requests_total{job="shop"}'),
  ...counted(
    "BaldurUnguardedCalls",
    'baldur_idempotency_cache_unavailable_fallback_total{job="shop",layer="store"}',
  ),
  ...counted("BaldurMetricsCutOff", 'baldur_label_overflow_total{job="shop",metric="x"}'),
  ...stands("BaldurKillSwitchOff", 'baldur_system_control_enabled{job="shop"}', 0, 1),
  ...stands("BaldurDryRunForgotten", 'baldur_system_control_dry_run{job="shop"}', 1, 0),
  ...stands("BaldurCircuitOpen", 'baldur_circuit_breaker_state{job="shop",service="pay"}', 1, 0),
  ...stands("BaldurCircuitOpen", 'baldur_circuit_breaker_state{job="shop",service="pay"}', 2, 0),
  ...stands("BaldurDeadLettersNearlyFull", 'baldur_dlq_size_ratio{job="shop"}', 0.81, 0.8),
  ...stands("BaldurStorageDegraded", 'baldur_resilient_storage_degraded{job="shop"}', 1, 0),
  ...stands("BaldurRedisAway", 'baldur_redis_available{job="shop"}', 0, 1),
  ...stands("BaldurDatabaseAway", 'baldur_sql_available{job="shop"}', 0, 1),
  ...stands("BaldurHandoverStalled", 'baldur_wal_sync_cursor_stalled{job="shop"}', 1, 0),
  ...stands("BaldurDrainStuck", 'baldur_shutdown_phase{job="shop",instance="a"}', 1, 0),
  ...stands("BaldurLicenceEnding", 'baldur_entitlement_expiry_days{job="shop"}', 14, 15),
  ...stands("BaldurLicenceEnding", 'baldur_entitlement_expiry_days{job="shop"}', 0, -1),
  ...stands("BaldurLicenceNotInForce", 'baldur_entitlement_status{job="shop"}', 1, 2),
  ...stands("BaldurWorkersSilent", 'baldur_metrics_workers{job="shop",instance="a",state="silent"}', 1, 0),
  {
    alert: "BaldurCircuitOpen",
    fires: {
      'baldur_circuit_breaker_state{job="shop",instance="a",service="pay"}': always(0),
      'baldur_circuit_breaker_state{job="shop",instance="b",service="pay"}': always(1),
    },
    isQuiet: { 'baldur_circuit_breaker_state{job="shop",instance="a",service="pay"}': just(0, 1) },
  },
  {
    alert: "BaldurCircuitOpen",
    fires: { 'baldur_circuit_breaker_state{job="shop",service="pay"}': OPENING_AGAIN },
    isQuiet: { 'baldur_circuit_breaker_state{job="shop",service="pay"}': always(0) },
  },
  {
    alert: "BaldurDeadLettersGrowing",
    fires: { 'baldur_dlq_pending_count{job="shop",domain="pay"}': `1+1x${LOOK}` },
    isQuiet: { 'baldur_dlq_pending_count{job="shop",domain="pay"}': `500-1x${LOOK}` },
  },
  {
    alert: "BaldurDeadLettersGrowing",
    fires: { 'baldur_dlq_pending_count{job="shop",domain="pay"}': `1+1x${LOOK}` },
    isQuiet: { 'baldur_dlq_pending_count{job="shop",domain="pay"}': `1+9x${LOOK - 20} 0+0x20` },
  },
  {
    alert: "BaldurAutoReplayDisarmed",
    fires: {
      'baldur_dlq_auto_replay_armed{job="shop",link="sweep"}': always(0),
      'baldur_dlq_pending_count{job="shop",domain="pay"}': always(3),
    },
    isQuiet: {
      'baldur_dlq_auto_replay_armed{job="shop",link="sweep"}': always(0),
      'baldur_dlq_pending_count{job="shop",domain="pay"}': always(0),
    },
  },
];
