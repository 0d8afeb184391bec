import { definePlugin, type Plugin } from "@baldur/core/plugin";
import { storeOpened } from "./events.js";
import { openStore } from "./open.js";

/** @public */
export interface EmbeddedOptions {
  /** Folder of the store. Default: `BALDUR_DATA_DIR`, else a folder of the application below the user's state folder. */
  readonly path?: string;
}

/**
 * Keeps state in a folder that all processes of a host share: durable when acknowledged, and no server to run.
 * @public
 */
export function embedded({ path }: EmbeddedOptions = {}): Plugin {
  return definePlugin({
    name: "@baldur/embedded",
    register({ provider, clock, telemetry, dataFolder }) {
      provider("embedded", async () => {
        const folder = path ?? dataFolder();
        const store = await openStore({ folder, clock, telemetry });
        telemetry.report(storeOpened, { folder });
        return store;
      });
    },
  });
}
