// The arrows of the architecture. `tooling/checks/dependencies.mjs` runs this and asserts that it looked at something.
const CORE = "^packages/core/src/";
/** A feature knows the frame of a call, never another feature: the composition level joins them. */
const FEATURES = [
  "bulkhead",
  "circuit-breaker",
  "control",
  "domain",
  "failure-capture",
  "fallback",
  "health",
  "idempotency",
  "journal",
  "lifecycle",
  "rate-limit",
  "report",
  "retry",
  "scheduler",
  "timeout",
];
/** Files above the features; what is not listed is either a feature's or a foundation that imports neither. */
const COMPOSITION = [
  "api",
  "baldur",
  "calls",
  "composer",
  "declarations",
  "declared-settings",
  "control-documents",
  "fleet",
  "operations",
  "operations-settings",
  "create-redis-stores",
  "create-sql-stores",
  "default-runtime",
  "health-checks",
  "gates",
  "index",
  "plugin",
  "posture",
  "protect",
  "protected",
  "redis-stores",
  "store-problems",
  "stores",
  "runtime-options",
  "sql-stores",
  "validate",
];
const FRAME = [
  "documents",
  "kv",
  "pipeline",
  "precomputed-cache",
  "redis",
  "settings",
  "slots",
  "sql",
  "storage",
  "telemetry",
];
const FOUNDATIONS = ["call", "clock", "decorate", "describe", "errors", "isolate", "phase", "within"];

/** A stage is handed the call, and the call walks through its plan of stages: each names the other's type. */
const KNOT = `${CORE}pipeline/(execution|stage|plan|endpoint)\\.ts$`;

/** Packages of this repository, and what stands for them where they were not resolved to their sources. */
const WORKSPACE = ["^packages/", "^@baldur/"];
const COMMERCIAL = ["^packages/pro(-|/)", "^@baldur/pro"];
const PUBLIC_CORE = [`${CORE}(index|plugin)\\.ts$`];

const folder = (names) => `${CORE}(${names.join("|")})/`;
const file = (names) => `${CORE}(${names.join("|")})\\.ts$`;
const anything = { path: CORE };

module.exports = {
  forbidden: [
    {
      name: "no-circular",
      comment: "Modules that import each other are one module in two files.",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-circular-types",
      comment: "Nor do modules know each other's types, beyond the knot.",
      severity: "error",
      from: { pathNot: KNOT },
      to: { circular: true },
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "feature-imports-frame-only",
      comment: "A feature imports itself, the frame of a call and the foundations; not another feature.",
      severity: "error",
      from: { path: folder(FEATURES) },
      to: {
        ...anything,
        pathNot: [`${CORE}$1/`, folder(FRAME), file(FOUNDATIONS)],
      },
    },
    {
      name: "frame-knows-no-feature",
      comment: "The pipeline, the slots and what they stand on serve every feature and name none.",
      severity: "error",
      from: { path: [folder(FRAME), file(FOUNDATIONS)] },
      to: { path: [folder(FEATURES), file(COMPOSITION)] },
    },
    {
      name: "slots-stand-alone",
      comment: "A slot is a contract: errors, types of a call and other slots.",
      severity: "error",
      from: { path: folder(["slots"]) },
      to: { ...anything, pathNot: [folder(["slots"]), file(["errors", "call"])] },
    },
    {
      name: "root-is-imported-at-the-top-only",
      comment: "The composition root imports everything, so whoever imports it depends on everything.",
      severity: "error",
      from: { ...anything, pathNot: file(["index", "default-runtime", "protect", "gates"]) },
      to: { path: file(["baldur"]) },
    },
    {
      name: "composition-is-listed",
      comment: "A file beside the features that imports one belongs to the composition level: list it above.",
      severity: "error",
      from: { path: `${CORE}[^/]+\\.ts$`, pathNot: [file(COMPOSITION)] },
      to: { path: [folder(FEATURES), file(COMPOSITION)] },
    },
    {
      name: "core-has-no-dependencies",
      comment: "Core runs on Node alone.",
      severity: "error",
      from: anything,
      to: { path: "node_modules|^packages/(?!core/)", dependencyTypesNot: ["type-only"] },
    },
    {
      name: "open-packages-import-no-commercial-one",
      comment: "What is open works without a licence, so it knows nothing of what needs one.",
      severity: "error",
      from: { path: "^packages/(?!pro(?:-|/))[^/]+/src/" },
      to: { path: COMMERCIAL },
    },
    {
      name: "open-packages-import-core-only",
      comment: "Its public entries; what else is shared is copied or does not belong there.",
      severity: "error",
      from: { path: "^packages/(?!pro(?:-|/)|(?:core|express|fastify)/)([^/]+)/src/" },
      to: { path: WORKSPACE, pathNot: ["^packages/$1/src/", ...PUBLIC_CORE] },
    },
    {
      name: "adapters-import-core-and-admin-only",
      comment: "They serve the control API within an application.",
      severity: "error",
      from: { path: "^packages/(express|fastify)/src/" },
      to: {
        path: WORKSPACE,
        pathNot: ["^packages/$1/src/", ...PUBLIC_CORE, "^packages/admin/src/index\\.ts$"],
      },
    },
    {
      name: "commercial-packages-stand-side-by-side",
      comment:
        "Each imports core and the licence, and none of the others: a subscription may hold fewer of them one day.",
      severity: "error",
      from: { path: "^packages/(pro-[^/]+)/src/" },
      to: {
        path: WORKSPACE,
        pathNot: ["^packages/$1/src/", ...PUBLIC_CORE, "^packages/pro-license/src/index\\.ts$"],
      },
    },
    {
      name: "licence-stands-alone",
      severity: "error",
      from: { path: "^packages/pro-license/src/" },
      to: { path: WORKSPACE, pathNot: ["^packages/pro-license/src/", ...PUBLIC_CORE] },
    },
    {
      name: "packages-are-entered-by-the-door",
      comment: "By what they export, not by a path into their folders.",
      severity: "error",
      from: { path: "^packages/([^/]+)/src/" },
      to: {
        path: "^packages/[^/]+/",
        pathNot: ["^packages/$1/", "^packages/[^/]+/src/(index|plugin|gates)\\.ts$"],
      },
    },
    {
      name: "sources-import-no-testkit",
      comment: "It is for tests.",
      severity: "error",
      from: { path: "^packages/(?!testkit/)[^/]+/src/" },
      to: { path: ["^packages/testkit/", "^@baldur/testkit"] },
    },
    {
      name: "sources-import-no-tests",
      severity: "error",
      from: { path: "^packages/[^/]+/src/" },
      to: { path: "^packages/[^/]+/test/" },
    },
    {
      name: "core-imports-no-package",
      comment: "Not even the types of another package of this repository.",
      severity: "error",
      from: anything,
      to: { path: ["^packages/(?!core/)", "^@baldur/"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules|dist" },
    // Imports of types are seen too.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@baldur/source", "import", "require", "node", "default", "types"],
    },
  },
};
