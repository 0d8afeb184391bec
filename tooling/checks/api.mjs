// Compares the public surface of every package with the report in its `etc`; with --accept, writes the reports.
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";
import { published } from "./published.mjs";

const TEMPORARY = fileURLToPath(new URL("../../.cache/api/", import.meta.url));
const accepts = process.argv.includes("--accept");

/** Every entry that has types, by its name. */
function entries({ folder, manifest }) {
  return Object.values(manifest.exports)
    .map((entry) => entry.import?.types)
    .filter((types) => types !== undefined)
    .map((types) => ({ name: basename(types, ".d.ts"), types: join(folder, types) }));
}

function configuration({ folder }, { name, types }) {
  const compilerOptions = {
    target: "ES2022",
    module: "ESNext",
    moduleResolution: "bundler",
    lib: ["ES2023", "esnext.disposable"],
    types: ["node"],
    skipLibCheck: true,
  };
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, "package.json"),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      compiler: { overrideTsconfig: { compilerOptions, files: [types] } },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(folder, "etc"),
        reportTempFolder: join(TEMPORARY, basename(folder)),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      newlineKind: "lf",
      messages: {
        extractorMessageReporting: {
          "ae-missing-release-tag": { logLevel: "none" },
          "ae-forgotten-export": { logLevel: "none", addToApiReportFile: true },
        },
      },
    },
  });
}

/** What it says by itself names no package; of what it says of the code, the errors are told. */
function silence(message) {
  message.handled = message.category === "console" || message.logLevel !== "error";
}

let wrong = 0;
for (const each of published)
  for (const entry of entries(each)) {
    const { succeeded, apiReportChanged } = Extractor.invoke(configuration(each, entry), {
      localBuild: accepts,
      messageCallback: silence,
    });
    if (succeeded) continue;
    wrong++;
    const why = apiReportChanged ? "differs from etc; `npm run api` accepts it" : "is wrong";
    process.stderr.write(`${each.manifest.name}: the public surface of ${entry.name} ${why}\n`);
  }
process.exitCode = wrong === 0 ? 0 : 1;
