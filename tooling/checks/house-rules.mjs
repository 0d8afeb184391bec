// Rules of this repository that no linter has: where time, chance, the environment and state may be touched.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

const CORE = "packages/core/src/";
const TIME_AND_CHANCE = [
  `${CORE}clock.ts`,
  "packages/testkit/src/clock.ts",
  "packages/testkit/src/dependency.ts",
];
/** The program of the command line has no runtime that would read it. */
const ENVIRONMENT = [`${CORE}settings/environment.ts`, "packages/cli/src/main.ts"];
/** Globals, by themselves or as a member of their object. */
const TIMERS = ["setTimeout", "setInterval", "setImmediate"];
const CLOCKS = ["Date.now", "performance.now", "Math.random", "process.hrtime"];
const GLOBAL_OBJECTS = ["globalThis", "global"];
/** Put together here, so that this file does not name them itself. */
const PRIVATE_NAME = new RegExp(`${["@baldur", "pro"].join("/")}\\b`);
const OUTSIDE = [
  ["/wo", "rk/"],
  ["../sha", "red"],
  ["../.lib", "rary"],
].map((parts) => new RegExp(parts.join("").replaceAll(".", "\\.")));
const LEAST_SOURCES = 250;

/** Each looks at one node and answers what is wrong with it, if anything. `file` is relative to the repository. */
const RULES = [
  function environment(node, file) {
    if (member(node) !== "process.env" || ENVIRONMENT.includes(file)) return undefined;
    return `process.env is read in ${ENVIRONMENT.join(" and ")} alone`;
  },
  function timeAndChance(node, file) {
    if (TIME_AND_CHANCE.includes(file)) return undefined;
    const name = timer(node) ?? member(node) ?? currentDate(node);
    if (!TIMERS.includes(name) && !CLOCKS.includes(name) && name !== "new Date()") return undefined;
    return `${name} belongs to the clock; ask the Clock that is passed in`;
  },
  function output(node) {
    const isConsole = ts.isIdentifier(node) && node.text === "console" && isReference(node);
    return isConsole ? "console is not for libraries; report an event" : undefined;
  },
  function defaultExport(node) {
    const isDefault =
      ts.isExportAssignment(node) ||
      (node.kind === ts.SyntaxKind.DefaultKeyword && !ts.isDefaultClause(node.parent)) ||
      (ts.isExportSpecifier(node) && node.name.text === "default");
    return isDefault ? "exports have names; no default export" : undefined;
  },
  function emptyCatch(node) {
    if (!ts.isCatchClause(node) || node.block.statements.length > 0) return undefined;
    return "an empty catch hides a failure";
  },
  function moduleState(node, file) {
    if (!ts.isVariableStatement(node) || !ts.isSourceFile(node.parent)) return undefined;
    if (basename(file) === "default-runtime.ts") return undefined;
    const isConstant = (node.declarationList.flags & ts.NodeFlags.Const) !== 0;
    return isConstant ? undefined : "a module keeps no state of its own; only default-runtime.ts does";
  },
  function packagesOfCore(node, file) {
    if (!file.startsWith(CORE) || !ts.isStringLiteralLike(node)) return undefined;
    const isImport = isModuleName(node) && node.text.startsWith("@baldur/");
    return isImport ? `core imports no other package; found ${node.text}` : undefined;
  },
];

/** `object.name`, with a leading `globalThis` left out. */
function member(node) {
  const name = memberName(node);
  if (name === undefined) return undefined;
  const object = node.expression;
  if (ts.isIdentifier(object)) return `${object.text}.${name}`;
  const isGlobal = ts.isPropertyAccessExpression(object) && isGlobalObject(object.expression);
  return isGlobal ? `${object.name.text}.${name}` : undefined;
}

function memberName(node) {
  if (ts.isPropertyAccessExpression(node)) return node.name.text;
  const isKeyed = ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression);
  return isKeyed ? node.argumentExpression.text : undefined;
}

function isGlobalObject(node) {
  return ts.isIdentifier(node) && GLOBAL_OBJECTS.includes(node.text);
}

/** A timer of the platform: the global, one of `globalThis`, or one imported from `node:timers`. */
function timer(node) {
  if (memberName(node) !== undefined) return isGlobalObject(node.expression) ? memberName(node) : undefined;
  return ts.isIdentifier(node) && isReference(node) ? node.text : undefined;
}

function currentDate(node) {
  const isDate = ts.isNewExpression(node) && node.expression.getText() === "Date";
  return isDate && (node.arguments ?? []).length === 0 ? "new Date()" : undefined;
}

/** Whether an identifier stands for a value or an import, not for a member of something or the name of a key. */
function isReference(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name !== node;
  if (ts.isQualifiedName(parent) || ts.isBindingElement(parent)) return false;
  const isKey =
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent);
  return !(isKey && parent.name === node);
}

function isModuleName(node) {
  const { parent } = node;
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
  if (ts.isLiteralTypeNode(parent)) return ts.isImportTypeNode(parent.parent);
  return ts.isCallExpression(parent) && parent.expression.kind === ts.SyntaxKind.ImportKeyword;
}

function checkSource(file, violations) {
  const text = readFileSync(join(root, file), "utf8");
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const visit = (node) => {
    for (const rule of RULES) {
      const message = rule(node, file);
      if (message !== undefined) violations.add(`${at(source, node)} ${message}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function at(source, node) {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}

/** What no file may say, comments included. */
function checkText(file, violations) {
  const words = file.startsWith(CORE) ? [...OUTSIDE, PRIVATE_NAME] : OUTSIDE;
  const text = readFileSync(join(root, file), "utf8");
  if (text.includes("\0")) return;
  for (const [index, line] of text.split("\n").entries()) {
    for (const found of words.flatMap((word) => line.match(word) ?? [])) {
      violations.add(`${file}:${index + 1} names ${found}`);
    }
  }
}

/** Files that are tracked or about to be. An unpacked archive has no git: there, every file that is not ignored. */
function repositoryFiles() {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const git = spawnSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 1e8 });
  if (git.status !== 0) return walk(root, ignoredNames());
  const files = git.stdout.split("\0").filter((file) => file !== "" && existsSync(join(root, file)));
  return [...new Set(files)];
}

function ignoredNames() {
  const lines = readFileSync(join(root, ".gitignore"), "utf8").split("\n");
  return [".git", ...lines.map((line) => line.trim().replaceAll("/", "")).filter(Boolean)];
}

function walk(folder, ignored) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (ignored.includes(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path, ignored);
    return entry.isFile() ? [relative(root, path).replaceAll("\\", "/")] : [];
  });
}

const files = repositoryFiles();
const sources = files.filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file));
const violations = new Set();
if (sources.length < LEAST_SOURCES)
  violations.add(`only ${sources.length} sources found: the check looks past them`);
for (const file of sources) checkSource(file, violations);
for (const file of files) checkText(file, violations);

for (const violation of violations) process.stderr.write(`${violation}\n`);
process.stdout.write(`${files.length} files, ${violations.size} violations\n`);
process.exitCode = violations.size === 0 ? 0 : 1;
