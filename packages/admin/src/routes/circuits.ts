import type { Baldur, CircuitRow, ControlResult, ManualControl } from "@baldur/core";
import { type AdminFields, validateName } from "@baldur/core/plugin";
import { jsonResponse } from "../response/json.js";
import { invalidField, Problem } from "../response/problem.js";
import { type Host, numberOf, type Route, type RouteRequest, textOf, timestamp } from "./route.js";

const MINUTE = 60_000;
const LONGEST_OVERRIDE = 60;
/** The only one that a runtime has: its circuits are those that traffic meets. */
const ENVIRONMENT = "ops";
const UNCALLED = "no call by this name was made in this process yet";

const REASON = { type: "string", minLength: 1, maxLength: 500, description: "why, for the journal" } as const;
const TTL = {
  type: "integer",
  minimum: 1,
  maximum: 1440,
  description: "minutes until it ends by itself; default 90",
} as const;
const ENVIRONMENTS = { type: "string", enum: [ENVIRONMENT] } as const;
const ACTIONS = ["allow", "block", "override", "auto", "reset", "inject_failure", "inject_success"] as const;
type Action = (typeof ACTIONS)[number];

const CONTROL: AdminFields = {
  service_name: { type: "string", minLength: 1, maxLength: 128, required: true },
  action: { type: "string", enum: ACTIONS, required: true },
  reason: { ...REASON, required: true },
  environment: ENVIRONMENTS,
  ttl_minutes: TTL,
  request_id: { type: "string", minLength: 1, maxLength: 100, description: "kept with the journal's entry" },
  metadata: { type: "object", description: "kept with the journal's entry" },
};

/** The circuits, and what may be done to them by hand. */
export function circuitRoutes(host: Host): Route[] {
  const { baldur } = host;
  const quick = (action: Action, summary: string, body: AdminFields): Route => ({
    method: "POST",
    path: `/control/${action}/{service}`,
    role: "admin",
    summary,
    body,
    handler: (asked) => control(baldur, action, asked.params["service"] ?? "", asked),
  });
  return [
    {
      method: "GET",
      path: "/control/status",
      role: "viewer",
      summary: "every circuit, the longest open first",
      query: { environment: ENVIRONMENTS },
      handler: () => status(host),
    },
    {
      method: "GET",
      path: "/control/status/{service}",
      role: "viewer",
      summary: "one circuit",
      query: { environment: ENVIRONMENTS },
      handler: ({ params }) => known(baldur, params["service"] ?? ""),
    },
    {
      method: "POST",
      path: "/control",
      role: "admin",
      summary: "does something to a circuit",
      body: CONTROL,
      handler: (asked) => {
        const action = textOf(asked.body, "action") as Action;
        return control(baldur, action, textOf(asked.body, "service_name") ?? "", asked);
      },
    },
    quick("allow", "lets every call of a circuit pass", { reason: REASON, ttl_minutes: TTL }),
    quick("block", "refuses every call of a circuit", { reason: REASON, ttl_minutes: TTL }),
    quick("auto", "lifts what was done by hand", { reason: REASON }),
    quick("reset", "closes a circuit, forgets what it counted, and leaves it to itself", { reason: REASON }),
  ];
}

function status(host: Host): object {
  const { baldur } = host;
  const { enabled, dryRun } = baldur.control;
  return { circuits: baldur.circuits(), enabled, dryRun, timestamp: timestamp(host) };
}

function find(baldur: Baldur, name: string): CircuitRow | undefined {
  return baldur.circuits().find((circuit) => circuit.name === name);
}

function known(baldur: Baldur, name: string): CircuitRow {
  const row = find(baldur, name);
  if (row !== undefined) return row;
  throw new Problem({
    status: 404,
    code: "CIRCUIT_NOT_FOUND",
    detail: `this process has made no protected call by the name ${JSON.stringify(name)}`,
  });
}

/**
 * Also before the first call of a name: it may be yet to come, or come in another process. A name that was mistyped looks the
 * same, so the answer says that it is new.
 */
async function control(baldur: Baldur, action: Action, name: string, asked: RouteRequest): Promise<Response> {
  const isNew = find(baldur, name) === undefined;
  checkName(name, asked);
  const { actor, body } = asked;
  const ttl = numberOf(body, "ttl_minutes");
  checkOverride(action, ttl);
  const reason = textOf(body, "reason") ?? `${action} by the control API`;
  const change = { actor, reason, ...(ttl !== undefined && { ttl: ttl * MINUTE }) };
  const done = await act(baldur, action, name, change);
  const result = isNew ? { ...done, message: `${done.message}; ${UNCALLED}` } : done;
  if (!result.success) throw refused(action, result.message, result);
  return jsonResponse({ status: "success", ...facts(action, result) });
}

function act(baldur: Baldur, action: Action, name: string, change: ManualControl): Promise<ControlResult> {
  const circuit = baldur.circuit(name);
  switch (action) {
    case "allow":
      return circuit.forceClose(change);
    case "override":
      return circuit.forceClose({ ...change, overrideKillSwitch: true });
    case "block":
      return circuit.forceOpen(change);
    case "auto":
      return circuit.auto(change);
    case "reset":
      return circuit.reset(change);
    case "inject_failure":
    case "inject_success":
      throw refused(action, `${action} is not for the environment ${ENVIRONMENT}`);
  }
}

function checkName(name: string, { params }: RouteRequest): void {
  try {
    validateName(name);
  } catch {
    const rule = "a name of 1 to 128 characters without control characters";
    throw invalidField("service" in params ? "service" : "service_name", rule, name);
  }
}

function checkOverride(action: Action, ttl: number | undefined): void {
  if (action !== "override" || (ttl !== undefined && ttl <= LONGEST_OVERRIDE)) return;
  throw invalidField("ttl_minutes", `an integer from 1 to ${LONGEST_OVERRIDE} for an override`, ttl);
}

function refused(action: Action, message: string, result?: ControlResult): Problem {
  const told =
    result === undefined ? { action_requested: action, environment: ENVIRONMENT } : facts(action, result);
  return new Problem({
    status: 403,
    code: "ACTION_REJECTED",
    detail: message,
    facts: { ...told, error_code: "ACTION_REJECTED", error_message: message },
  });
}

function facts(
  action: Action,
  { name, previousState, state, message, persisted, expiresAt }: ControlResult,
): object {
  return {
    action_requested: action,
    environment: ENVIRONMENT,
    service_name: name,
    previous_state: previousState,
    state,
    message,
    persisted,
    expires_at: expiresAt,
  };
}
