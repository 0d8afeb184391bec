import { choice, defineSettings, duration, type SettingsGroup, text } from "../settings/define.js";

/** @public */
export interface ControlSettings {
  backend: "auto" | "memory" | "file" | "embedded" | "redis" | "sql";
  dir: string | undefined;
  pollInterval: number;
}

export const controlSettings: SettingsGroup<ControlSettings> = defineSettings<ControlSettings>("control", {
  prefix: "BALDUR_SYSTEM_CONTROL_",
  help: "Where the kill switch and the dry run are kept.",
  fields: {
    backend: choice({
      env: "BACKEND",
      values: ["auto", "memory", "file", "embedded", "redis", "sql"],
      default: "auto",
      help: "`auto` is the Redis or the database of the fleet where there is one, else `file`, which is written on the first change only; the last three need their package",
    }),
    dir: text<string | undefined>({
      env: "DIR",
      help: "folder of the backend `file`; default: `control` in BALDUR_DATA_DIR, else in the user's state folder",
    }),
    pollInterval: duration({
      env: "POLL_INTERVAL_SECONDS",
      default: 500,
      unit: "s",
      min: 50,
      max: 5000,
      help: "time between looks at changes made by other processes",
    }),
  },
});
