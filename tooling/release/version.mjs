// After `changeset version`: the constant that a package exports follows its manifest.
import { readFileSync, writeFileSync } from "node:fs";

const core = new URL("../../packages/core/", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", core), "utf8"));
const file = new URL("src/version.ts", core);
writeFileSync(file, readFileSync(file, "utf8").replace(/"[^"]+";/, `"${version}";`));
