// Checks what is published: that manifests are right and that every way to import finds its types. In one process, for
// the tools' own start costs more than their work.
import { checkPackage, Package } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { packed, published } from "./published.mjs";

/** The oldest Node that is supported resolves in these ways; the others are not asked for. */
const RESOLUTIONS = new Set(["node16-cjs", "node16-esm", "bundler"]);

async function manifestProblems({ manifest }, files) {
  const pack = { files: [...files].map(([path, data]) => ({ name: `package/${path}`, data })) };
  const { messages } = await publint({ pkgDir: "package", pack, strict: true });
  return messages.map((message) => formatMessage(message, manifest, { color: false }));
}

async function typeProblems({ manifest }, files) {
  const { name, version, exports } = manifest;
  const texts = [...files].map(([path, data]) => [`/node_modules/${name}/${path}`, data.toString()]);
  const { types, problems = [] } = await checkPackage(new Package(Object.fromEntries(texts), name, version));
  if (types === false) return ["no types are packed"];
  return problems.filter((problem) => isAsked(problem, exports)).map((problem) => JSON.stringify(problem));
}

/** Whether the package promises what is missing: an entry without `require` is for modules alone. */
function isAsked({ resolutionKind, entrypoint }, exports) {
  if (resolutionKind === undefined) return true;
  if (resolutionKind === "node16-cjs" && exports[entrypoint]?.require === undefined) return false;
  return RESOLUTIONS.has(resolutionKind);
}

let wrong = 0;
for (const each of published) {
  const files = packed(each);
  const problems = [...(await manifestProblems(each, files)), ...(await typeProblems(each, files))];
  for (const problem of problems) process.stderr.write(`${each.manifest.name}: ${problem}\n`);
  wrong += problems.length;
}
process.stdout.write(`packages: ${published.length}, problems: ${wrong}\n`);
process.exitCode = wrong === 0 ? 0 : 1;
