/** What a server under test says of itself: the shapes of the control API, as JSON. */

export type Json = Record<string, unknown>;

const MINUTE = 60_000;

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
const ahead = (ms: number): string => new Date(Date.now() + ms).toISOString();

export function circuit(name: string, more: Json = {}): Json {
  return {
    name,
    state: "closed",
    since: ago(42 * MINUTE),
    generation: 1,
    window: { calls: 84, failures: 0, slow: 0, rateLimited: 0 },
    probes: { live: 0, limit: 3, successes: 0 },
    ...more,
  };
}

export function openCircuit(name: string, openFor: number, more: Json = {}): Json {
  return circuit(name, {
    state: "open",
    since: ago(openFor),
    openUntil: ahead(24_000),
    lastFailureAt: ago(openFor),
    generation: 4,
    window: { calls: 12, failures: 9, slow: 2, rateLimited: 1 },
    ...more,
  });
}

export function deadLetter(id: string, more: Json = {}): Json {
  return {
    id,
    name: "payments",
    domain: "orders",
    failureType: "MAX_RETRIES_TIMEOUT",
    status: "pending",
    entityType: "order",
    entityId: "o-4711",
    entityRefs: { orderId: "o-4711", tenantId: "acme" },
    snapshotData: {},
    errorCode: "ETIMEDOUT",
    errorMessage: "the gateway did not answer within 500 ms",
    attempts: [
      {
        number: 1,
        startedAt: ago(3 * MINUTE),
        duration: 501,
        error: { name: "TimeoutError", message: "no answer within 500 ms" },
        delayBeforeNext: 50,
      },
      {
        number: 2,
        startedAt: ago(3 * MINUTE - 600),
        duration: 502,
        error: { name: "ETIMEDOUT", message: "no answer" },
      },
    ],
    retryCount: 0,
    maxRetries: 2,
    requestData: { args: [{ id: "o-4711", cents: 4200, currency: "EUR", card: "***" }] },
    responseData: {},
    metadata: {
      outcome: "failure",
      causes: [
        { name: "ECONNRESET", message: "socket hang up" },
        { name: "Error", message: "the peer closed the connection" },
      ],
      masked: ["args[0].card"],
      origin_trace_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    },
    resolutionType: "",
    resolutionNote: "",
    nextActionHint: "",
    recommendedAction: "",
    createdAt: ago(3 * MINUTE),
    updatedAt: ago(3 * MINUTE),
    expiresAt: ahead(72 * 60 * MINUTE),
    ...more,
  };
}

export function journalEntry(index: number, name: string, at: number, payload: Json, more: Json = {}): Json {
  return {
    id: `j-${String(at).padStart(15, "0")}-${index}`,
    at: new Date(at).toISOString(),
    name,
    level: "info",
    payload,
    instance: "shop-1:4711:ab",
    ...more,
  };
}

/** Everything that the routes answer; a test changes what it is about. */
export interface World {
  posture: Json;
  control: Json;
  circuits: Json[];
  health: Json;
  healthStatus: number;
  storage: Json;
  scheduler: Json;
  summary: Json;
  config: Json;
  journal: Json[];
  /** Undefined: there is no dead-letter queue. */
  letters: Json[] | undefined;
  arming: Json;
}

export function wellWorld(): World {
  return {
    posture: {
      tier: "pro",
      storage: "redis",
      storageMode: "normal",
      metrics: "@baldur/prometheus",
      entitlement: { status: "active", organisation: "Acme", plan: "annual", expires: "2099-12-31" },
      plugins: [
        { name: "@baldur/pro-dlq", status: "active" },
        { name: "@baldur/embedded", status: "active" },
        { name: "@baldur/redis", status: "active" },
      ],
      degraded: [],
      version: "1.0.0",
      environment: "staging",
      uptime_seconds: 86_521,
      instance: "shop-1:4711",
      unlocked: true,
      role: "admin",
    },
    control: {
      system: "baldur",
      status: "enabled",
      enabled: true,
      dryRun: false,
      version: 3,
      persisted: true,
    },
    circuits: ["payments", "pricing", "inventory", "search", "mail"].map((name) => circuit(name)),
    health: {
      status: "healthy",
      checks: {
        circuits: { status: "healthy" },
        control: { status: "healthy" },
        redis: { status: "healthy", detail: "answers in 0.4 ms" },
        memory: { status: "healthy", detail: "41 % in use" },
      },
    },
    healthStatus: 200,
    storage: { storage: "redis", mode: "normal", divergences: [] },
    scheduler: {
      leading: true,
      jobs: [
        {
          name: "daily_report",
          dailyAt: { hour: 9, minute: 0 },
          enabled: true,
          runs: 12,
          errors: 0,
          lastRunAt: ago(5 * 60 * MINUTE),
          nextRunAt: ahead(19 * 60 * MINUTE),
          running: false,
        },
        {
          name: "archive_old_dlq_entries",
          every: 86_400_000,
          enabled: true,
          runs: 3,
          errors: 0,
          lastRunAt: ago(8 * 60 * MINUTE),
          nextRunAt: ahead(16 * 60 * MINUTE),
          running: false,
        },
      ],
    },
    summary: {
      timestamp: ago(0),
      health_status: "good",
      overview: {
        total: 240,
        pending: 4,
        resolved: 231,
        failed: 0,
        archived: 5,
        resolution_rate_percent: 98.3,
      },
      recent_activity: { new_in_24h: 41, resolved_in_24h: 37, new_in_7d: 240, resolved_in_7d: 231 },
      recommendations: ["Nothing to do"],
      degraded_sources: [],
    },
    config: {
      areas: [
        {
          area: "circuitBreaker",
          help: "the circuit breaker",
          settings: [
            setting("failureThreshold", "BALDUR_CB_FAILURE_THRESHOLD", 5, "default", "failures that open it"),
            setting(
              "recoveryTimeout",
              "BALDUR_CB_RECOVERY_TIMEOUT_SECONDS",
              30_000,
              "environment",
              "how long it stays open",
              {
                unit: "s",
              },
            ),
          ],
        },
        {
          area: "admin",
          help: "the admin server",
          settings: [
            {
              ...setting("key", "BALDUR_ADMIN_KEY", undefined, "environment", "the key that may act"),
              secret: true,
              set: true,
            },
          ],
        },
      ],
    },
    journal: [],
    letters: [],
    arming: { armed: true, missingLinks: [] },
  };
}

function setting(
  key: string,
  variable: string,
  value: unknown,
  source: string,
  help: string,
  more: Json = {},
): Json {
  return { key, variable, type: "number", value, default: value, source, help, ...more };
}

/** Things have gone wrong: two circuits are open, one is pinned, the store was away, letters wait. */
export function sickWorld(): World {
  const now = Date.now();
  const letters = [
    deadLetter("dl-0001"),
    deadLetter("dl-0002", {
      status: "requires_review",
      retryCount: 2,
      createdAt: ago(14 * MINUTE),
      errorMessage: "card declined: insufficient funds",
      failureType: "MAX_RETRIES_PAYMENTERROR",
    }),
    deadLetter("dl-0003", {
      status: "resolved",
      retryCount: 1,
      createdAt: ago(30 * MINUTE),
      resolvedAt: ago(12 * MINUTE),
      resolutionType: "auto_replay_circuit_close",
    }),
    deadLetter("dl-0004", {
      name: "mail",
      domain: "mail",
      failureType: "CONNECTION_ERROR",
      errorMessage: "connect ECONNREFUSED 10.0.0.12:25",
      createdAt: ago(50_000),
    }),
  ];
  return {
    ...wellWorld(),
    circuits: [
      openCircuit("payments", 3 * MINUTE + 12_000),
      openCircuit("mail", 50_000, { window: { calls: 10, failures: 10, slow: 0, rateLimited: 0 } }),
      circuit("search", {
        state: "forced_closed",
        since: ago(12 * MINUTE),
        manual: {
          state: "forced_closed",
          reason: "index is being rebuilt, errors are expected",
          actor: "mia@example.com",
          until: ahead(78 * MINUTE),
        },
      }),
      circuit("inventory", {
        state: "half_open",
        since: ago(4000),
        probes: { live: 1, limit: 3, successes: 1 },
        window: { calls: 3, failures: 1, slow: 0, rateLimited: 0 },
      }),
      circuit("pricing", { window: { calls: 100, failures: 3, slow: 7, rateLimited: 2 } }),
      circuit("recommendations", { window: { calls: 0, failures: 0, slow: 0, rateLimited: 0 } }),
    ],
    health: {
      status: "degraded",
      checks: {
        circuits: { status: "degraded", detail: "2 circuits are open" },
        redis: { status: "healthy" },
        memory: { status: "healthy" },
      },
    },
    storage: {
      storage: "redis",
      mode: "normal",
      divergences: [
        {
          at: now - 40 * MINUTE,
          total: 2,
          counts: { circuits: 1, counters: 1 },
          divergences: [
            {
              feature: "circuits",
              key: "payments",
              local: "open",
              shared: "closed",
              merged: "open",
              at: now - 40 * MINUTE,
            },
            { feature: "counters", key: "orders", local: 12, shared: 40, merged: 52, at: now - 40 * MINUTE },
          ],
        },
      ],
    },
    letters,
    journal: busyJournal(now),
  };
}

/** A quarter of an hour in which a dependency died, and most was made good. */
function busyJournal(now: number): Json[] {
  const entries: Json[] = [];
  let index = 0;
  const add = (minutes: number, name: string, payload: Json, more: Json = {}): void => {
    entries.push(journalEntry(index++, name, now - minutes * MINUTE, payload, more));
  };
  const warning = { level: "warning" };
  add(
    13,
    "circuit_breaker.opened",
    { name: "payments", previous_state: "closed", trigger: "failure_rate", failures: 6, calls: 12 },
    warning,
  );
  for (let minute = 13; minute > 10; minute -= 0.25)
    add(minute, "dlq.entry_created", {
      name: "payments",
      domain: "orders",
      failure_type: "CIRCUIT_OPEN",
      count: Math.round(3 + 5 * Math.sin(minute) ** 2),
    });
  add(
    10,
    "circuit_breaker.closed",
    { name: "payments", previous_state: "half_open", trigger: "probes", trigger_replay: true },
    warning,
  );
  for (let minute = 9.9; minute > 7; minute -= 0.4)
    add(minute, "dlq_replay.batch_completed", {
      name: "payments",
      trigger: "auto_replay_circuit_close",
      total: 5,
      success_count: 5,
      failed_count: 0,
      skipped_count: 0,
    });
  add(
    6,
    "dlq.entry_operated",
    { id: "dl-0090", name: "payments", domain: "orders", action: "resolve" },
    { actor: "mia@example.com", reason: "refunded by hand" },
  );
  add(
    3.2,
    "circuit_breaker.opened",
    { name: "payments", previous_state: "closed", trigger: "failure_rate", failures: 9, calls: 12 },
    warning,
  );
  for (let minute = 3.1; minute > 0.1; minute -= 0.3)
    add(minute, "dlq.entry_created", {
      name: "payments",
      domain: "orders",
      failure_type: "MAX_RETRIES_TIMEOUT",
      count: 2,
    });
  add(
    0.8,
    "circuit_breaker.opened",
    { name: "mail", previous_state: "closed", trigger: "consecutive_failures", failures: 10, calls: 10 },
    warning,
  );
  add(0.5, "system_control.persist_failed", { error: "EROFS: read-only file system" }, { level: "error" });
  return entries.sort((a, b) => (String(a["id"]) < String(b["id"]) ? 1 : -1));
}
