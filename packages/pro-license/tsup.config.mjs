import { readFileSync } from "node:fs";
import { library } from "@baldur/tsup";
import { releaseKeys } from "./release-keys.mjs";

const PINNED = /[\\/]src[\\/]pinned-keys\.ts$/;
const development = readFileSync(new URL("src/pinned-keys.ts", import.meta.url), "utf8");
const keys = releaseKeys(process.env.BALDUR_RELEASE_KEYS, development);

/** A release has its own keys in place of the development key's file, which never enters the build. */
const pin = {
  name: "pin-release-keys",
  setup: (build) =>
    build.onLoad({ filter: PINNED }, () => ({
      contents: `export const PINNED_KEYS = ${JSON.stringify(keys)};`,
      loader: "ts",
    })),
};

export default { ...library(["src/index.ts"]), esbuildPlugins: keys === undefined ? [] : [pin] };
