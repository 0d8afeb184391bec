import type { CircuitBreakerOptions } from "../pipeline/options.js";
import {
  boolean,
  defineSettings,
  duration,
  integer,
  map,
  percentage,
  type SettingsGroup,
} from "../settings/define.js";
import { validateCircuitBreakerOptions } from "./options.js";
import type { CircuitBreakerSettings } from "./types.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const circuitBreakerSettings: SettingsGroup<CircuitBreakerSettings> =
  defineSettings<CircuitBreakerSettings>("circuitBreaker", {
    prefix: "BALDUR_CB_",
    help: "When a circuit opens, how it probes and how it closes.",
    fields: {
      enabled: boolean({
        env: "ENABLED",
        default: true,
        help: "false: every call passes, nothing is recorded",
      }),
      failureThreshold: integer({
        env: "FAILURE_THRESHOLD",
        default: 5,
        min: 1,
        max: 100,
        help: "failures in the window that open the circuit, together with the rate and the minimum of calls",
      }),
      failureRateThreshold: percentage({
        env: "FAILURE_RATE_THRESHOLD",
        default: 10,
        help: "share of failures in the window that must be reached too; 0 turns this guard off",
      }),
      minimumCalls: integer({
        env: "MINIMUM_CALLS",
        default: 10,
        min: 1,
        max: 1000,
        help: "calls that the window must hold before a rate or a count can open the circuit",
      }),
      slidingWindowSize: integer({
        env: "SLIDING_WINDOW_SIZE",
        default: 100,
        min: 1,
        max: 1000,
        help: "calls that the window holds, per process",
      }),
      slidingWindowMaxAge: duration({
        env: "SLIDING_WINDOW_SECONDS",
        default: MINUTE,
        unit: "s",
        min: 1000,
        max: HOUR,
        help: "age at which a recorded call leaves the window",
      }),
      consecutiveFailureThreshold: integer({
        env: "CONSECUTIVE_FAILURE_THRESHOLD",
        default: 0,
        min: 0,
        max: 1000,
        help: "failures in a row that open the circuit without any minimum; 0 is off",
      }),
      slowCallDuration: duration<number | undefined>({
        env: "SLOW_CALL_DURATION_SECONDS",
        unit: "s",
        min: 1,
        max: HOUR,
        help: "a call that takes longer is slow; unset turns slow calls off",
      }),
      slowCallRateThreshold: percentage({
        env: "SLOW_CALL_RATE_THRESHOLD",
        default: 50,
        help: "share of slow calls in the window that opens the circuit",
      }),
      recoveryTimeout: duration({
        env: "RECOVERY_TIMEOUT",
        default: MINUTE,
        unit: "s",
        min: 1,
        max: HOUR,
        help: "time from opening to the first probe",
      }),
      halfOpenMaxCalls: integer({
        env: "HALF_OPEN_MAX_CALLS",
        default: 3,
        min: 1,
        max: 100,
        help: "probes that may be in flight at a time",
      }),
      successThreshold: integer({
        env: "SUCCESS_THRESHOLD",
        default: 2,
        min: 1,
        max: 100,
        help: "successful probes that close the circuit; at most the number of probes",
      }),
      probeTimeout: duration({
        env: "HALF_OPEN_STUCK_TIMEOUT_SECONDS",
        default: MINUTE,
        unit: "s",
        min: 1,
        max: HOUR,
        help: "a probe that has not ended by then gives its slot back",
      }),
      fleetQuorum: integer({
        env: "FLEET_QUORUM",
        default: 1,
        min: 1,
        max: 1000,
        help: "instances that must have opened before all do, where state is shared",
      }),
      manualOverrideTtl: duration({
        env: "MANUAL_OVERRIDE_TTL_MINUTES",
        default: 90 * MINUTE,
        unit: "min",
        min: MINUTE,
        max: 24 * HOUR,
        help: "life of a manual pin that names none",
      }),
      rateLimitCascadeThreshold: integer({
        env: "RATE_LIMIT_CASCADE_THRESHOLD",
        default: 10,
        min: 1,
        max: 1000,
        help: "answers 429 in the window that open the circuit, together with their rate and minimum",
      }),
      rateLimitCascadeRate: percentage({
        env: "RATE_LIMIT_CASCADE_RATE",
        default: 10,
        help: "share of answers 429 in the window that must be reached too",
      }),
      rateLimitCascadeMinimumCalls: integer({
        env: "RATE_LIMIT_CASCADE_MINIMUM_CALLS",
        default: 20,
        min: 1,
        max: 1000,
        help: "calls that the window must hold before answers 429 can open the circuit",
      }),
      maxBreakers: integer({
        env: "MAX_BREAKERS",
        default: 10_000,
        min: 1,
        max: 1_000_000,
        help: "names that may have a breaker at a time; beyond it the least recently used idle ones leave",
      }),
      overrides: map<CircuitBreakerOptions>({
        env: "OVERRIDES",
        default: {},
        help: "options by circuit name, fixed beforehand: they win over those given in code",
        validate: validateCircuitBreakerOptions,
      }),
    },
  });
