import { Queries } from "./promql.mjs";

/**
 * What an operator must know of, worst first. Each names the metrics that it measures, so that none can measure the wrong
 * one, and ends with what to do.
 */
function alerts(query) {
  const worst = (name, labels = []) => query.by("max", name, ["job", ...labels], query.gauge(name));
  const least = (name, labels = []) => query.by("min", name, ["job", ...labels], query.gauge(name));
  const happened = (name, labels = [], range = "10m") =>
    query.by("sum", name, ["job", ...labels], query.happened(name, range));
  const pending = "baldur_dlq_pending_count";
  const state = "baldur_circuit_breaker_state";
  return [
    {
      alert: "BaldurDeadLettersRefused",
      expr: happened("baldur_dlq_rejected_total", ["domain"]),
      severity: "critical",
      summary: "Failed work of {{ $labels.domain }} is lost: the dead-letter queue is full",
      runbook:
        "Free room now: replay or resolve entries (`baldur dlq`), or raise BALDUR_DLQ_MAX_SIZE; then find out in the journal why they failed.",
    },
    {
      alert: "BaldurDeadLettersEvicted",
      expr: happened("baldur_dlq_evicted_total", ["domain"]),
      severity: "critical",
      summary: "Entries of {{ $labels.domain }} were given up to make room for newer ones",
      runbook:
        "What was evicted is gone. Free room now (`baldur dlq`), or raise BALDUR_DLQ_MAX_SIZE, before more of it is.",
    },
    {
      alert: "BaldurLogDiskFull",
      expr: happened("baldur_wal_disk_full_total"),
      severity: "critical",
      summary: "State that waits for the shared store is in memory only: its log cannot be written",
      runbook:
        "Make room on the disk of BALDUR_DATA_DIR, or give it back its permissions, before a process ends: what is only in memory ends with it.",
    },
    {
      alert: "BaldurKillSwitchOff",
      expr: `${least("baldur_system_control_enabled")} == 0`,
      severity: "warning",
      summary: "Baldur is switched off in {{ $labels.job }}: calls run without any protection",
      runbook:
        "Somebody did this: `baldur system` says who and why, and switches it on again when the reason is gone.",
    },
    {
      alert: "BaldurDryRunForgotten",
      expr: `${worst("baldur_system_control_dry_run")} == 1`,
      for: "1h",
      severity: "warning",
      summary: "{{ $labels.job }} has been in a dry run for an hour: circuits decide, and refuse nothing",
      runbook: "`baldur system` says who began it and why. End it when the trial is over.",
    },
    {
      alert: "BaldurCircuitOpen",
      expr: query.by("count", state, ["job", "service"], `${query.gauge(state)} > 0`), // half-open too: one that a hanging probe keeps opening again is never open for long
      for: "2m",
      severity: "warning",
      summary:
        "{{ $value }} processes of {{ $labels.job }} make no calls to {{ $labels.service }}, or probes only",
      runbook:
        "Look at the dependency first: the circuit closes by itself once its probes succeed. `baldur cb` tells since when, why, and whether an operator has pinned it.",
    },
    {
      alert: "BaldurDeadLettersGrowing",
      expr: `${query.by("max", pending, ["job", "domain"], `delta(${query.gauge(pending)}[30m])`)} > 0 and ${query.by("max", pending, ["job", "domain"], `min_over_time(${query.gauge(pending)}[30m])`)} > 0`,
      for: "30m",
      severity: "warning",
      summary: "More work of {{ $labels.domain }} fails than is done again, for an hour now",
      runbook:
        "`baldur dlq` shows what fails and why. With the dependency back: is its circuit closed, and automatic replay armed? Else fix the handler, or resolve the entries.",
    },
    {
      alert: "BaldurDeadLettersNearlyFull",
      expr: `${worst("baldur_dlq_size_ratio")} > 0.8`,
      for: "5m",
      severity: "warning",
      summary:
        "The dead-letter queue of {{ $labels.job }} is at {{ $value | humanizePercentage }} of its cap",
      runbook:
        "Replay or resolve entries (`baldur dlq`), or raise BALDUR_DLQ_MAX_SIZE: at the cap, failed work is lost.",
    },
    {
      alert: "BaldurDeadLettersNotKept",
      expr: happened("baldur_dlq_discarded_total", ["domain"]),
      severity: "warning",
      summary: "Calls of {{ $labels.domain }} ask to be kept when they fail, and nothing keeps them",
      runbook:
        "`dlq: true` needs the dead-letter queue: install it and set the licence (`baldur posture` says what is missing), or take the option away.",
    },
    {
      alert: "BaldurAutoReplayDisarmed",
      expr: `${least("baldur_dlq_auto_replay_armed")} == 0 and on (job) ${query.by("max", pending, ["job"], query.gauge(pending))} > 0`,
      for: "15m",
      severity: "warning",
      summary: "Failed work waits in {{ $labels.job }}, and automatic replay cannot run it",
      runbook:
        "`baldur posture` and the console name the link that is missing; `baldur dlq` runs entries by hand.",
    },
    {
      alert: "BaldurStorageDegraded",
      expr: `${worst("baldur_resilient_storage_degraded")} == 1`,
      for: "2m",
      severity: "warning",
      summary: "Processes of {{ $labels.job }} go on without the Redis that they share state in",
      runbook:
        "Bring Redis back, or make it reachable: nothing else is needed, the processes notice and hand over what it missed. Until then each counts and decides for itself.",
    },
    {
      alert: "BaldurRedisAway",
      expr: `${least("baldur_redis_available")} == 0`,
      for: "2m",
      severity: "warning",
      summary: "A process of {{ $labels.job }} does not reach its Redis",
      runbook:
        "Redis itself, the way to it, or its password: the event redis.connection_lost has the address and the kind of error.",
    },
    {
      alert: "BaldurDatabaseAway",
      expr: `${least("baldur_sql_available")} == 0`,
      for: "2m",
      severity: "warning",
      summary: "A process of {{ $labels.job }} does not reach its Postgres",
      runbook:
        "Postgres itself, the way to it, or its password: Baldur's log has the address and the kind of error.",
    },
    {
      alert: "BaldurHandoverStalled",
      expr: `${worst("baldur_wal_sync_cursor_stalled")} == 1`,
      for: "10m",
      severity: "warning",
      summary: "What the shared store missed is not handed over in {{ $labels.job }}",
      runbook:
        "The store is there and refuses the records: Baldur's log names the error. `baldur_wal_sync_lag_entries` says how many wait.",
    },
    {
      alert: "BaldurDrainStuck",
      expr: `${query.by("max", "baldur_shutdown_phase", ["job", "instance"], query.gauge("baldur_shutdown_phase"))} >= 1`,
      for: "2m",
      severity: "warning",
      summary: "{{ $labels.instance }} has been draining for two minutes and does not end",
      runbook:
        "Requests do not end, or a handler of the shutdown does not: `baldur_shutdown_requests_in_flight` tells how many. A second SIGTERM ends the process at once.",
    },
    {
      alert: "BaldurRequestsAborted",
      expr: happened("baldur_shutdown_aborted_requests_total"),
      severity: "warning",
      summary: "A process of {{ $labels.job }} ended with requests under way",
      runbook:
        "Requests take longer than BALDUR_RECOVERY_SHUTDOWN_DEFAULT_DRAIN_TIMEOUT_SECONDS: raise it, and the platform's own grace period beyond it.",
    },
    {
      alert: "BaldurUnguardedCalls",
      expr: happened("baldur_idempotency_cache_unavailable_fallback_total", ["layer"]),
      severity: "warning",
      summary: "Calls of {{ $labels.job }} ran without knowing whether they had run before",
      runbook:
        "The store of idempotency keys is away, and these calls are configured to run all the same. Bring it back; look for work done twice.",
    },
    {
      alert: "BaldurLicenceEnding",
      expr: `${least("baldur_entitlement_expiry_days")} <= 14 >= 0`,
      for: "1h",
      severity: "warning",
      summary: "The licence of {{ $labels.job }} ends in {{ $value }} days",
      runbook:
        "Put the new key in BALDUR_LICENSE_KEY or BALDUR_LICENSE_FILE and restart by then: the first start after its last day runs without the licensed packages.",
    },
    {
      alert: "BaldurLicenceNotInForce",
      expr: `${least("baldur_entitlement_status")} < 2`,
      for: "15m",
      severity: "warning",
      summary: "Licensed packages are installed in {{ $labels.job }}, and no licence is in force",
      runbook:
        "`baldur license` says why: it is missing, invalid or past its last day. Until then those packages do nothing.",
    },
    {
      alert: "BaldurMetricsCutOff",
      expr: happened("baldur_label_overflow_total", ["metric"], "1h"),
      severity: "info",
      summary: "{{ $labels.metric }} has more series than it may, and the rest is shown as OTHER",
      runbook:
        "The report on cardinality, in the JSON metrics of the control API, names the label that grows. Make its values few, or raise BALDUR_METRICS_MAX_SERIES.",
    },
    {
      alert: "BaldurWorkersSilent",
      expr: `${query.by("max", "baldur_metrics_workers", ["job", "instance"], query.gauge("baldur_metrics_workers", { state: "silent" }))} > 0`,
      for: "5m",
      severity: "warning",
      summary: "{{ $value }} workers of {{ $labels.instance }} do not answer the primary process",
      runbook:
        "Their event loops stand still: look at what they compute, and restart them one by one. Their gauges are absent meanwhile.",
    },
  ];
}

/** The file of rules, in YAML. */
export function rulesFile(metrics) {
  const rules = alerts(new Queries(metrics)).map(rule);
  return `# Generated from the declarations by \`npm run docs\`; do not edit.\ngroups:\n  - name: baldur\n    rules:\n${rules.join("")}`;
}

function rule({ alert, expr, for: time, severity, summary, runbook }) {
  const lines = [
    `      - alert: ${alert}`,
    `        expr: ${quoted(expr)}`,
    ...(time === undefined ? [] : [`        for: ${time}`]),
    "        labels:",
    `          severity: ${severity}`,
    "        annotations:",
    `          summary: ${quoted(summary)}`,
    `          runbook: ${quoted(runbook)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** A text in double quotes is one of JSON's; in single quotes nothing is escaped. */
function quoted(text) {
  return text.includes('"') && !text.includes("'") ? `'${text}'` : JSON.stringify(text);
}
