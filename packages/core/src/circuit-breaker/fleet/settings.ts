import { defineSettings, duration, type SettingsGroup } from "../../settings/define.js";

/** @public */
export interface SharedStateSettings {
  redisTimeout: number;
}

export const sharedStateSettings: SettingsGroup<SharedStateSettings> = defineSettings<SharedStateSettings>(
  "sharedState",
  {
    prefix: "BALDUR_L2_STORAGE_",
    help: "State that processes share, and each also holds in memory.",
    fields: {
      redisTimeout: duration({
        env: "REDIS_TIMEOUT_MS",
        default: 1000,
        unit: "ms",
        min: 10,
        max: 1000,
        help: "how long a call waits for Redis before the process decides by itself",
      }),
    },
  },
);
