import { boolean, defineSettings, duration, type SettingsGroup } from "../settings/define.js";

/** Defaults of a protected call. @public */
export interface ProtectSettings {
  enabled: boolean;
  defaultCircuitBreaker: boolean;
  defaultRetry: boolean;
  defaultDlq: boolean;
  defaultTimeout: number | undefined;
}

export const protectSettings: SettingsGroup<ProtectSettings> = defineSettings<ProtectSettings>("protect", {
  prefix: "BALDUR_PROTECT_",
  help: "What a protected call does unless its options say otherwise.",
  fields: {
    enabled: boolean({ env: "ENABLED", default: true, help: "false: protected functions run bare, once" }),
    defaultCircuitBreaker: boolean({
      env: "DEFAULT_CIRCUIT_BREAKER",
      default: true,
      help: "default of circuitBreaker",
    }),
    defaultRetry: boolean({ env: "DEFAULT_RETRY", default: false, help: "default of retry" }),
    defaultDlq: boolean({ env: "DEFAULT_DLQ", default: false, help: "default of dlq" }),
    defaultTimeout: duration<number | undefined>({
      env: "DEFAULT_TIMEOUT_SECONDS",
      unit: "s",
      min: 1,
      help: "deadline of calls that name none; unset: none",
    }),
  },
});
