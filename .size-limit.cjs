// What a program loads: an entry with the chunks that it imports, those that are loaded on demand left out.
const { readFileSync, readdirSync } = require("node:fs");

const DIST = "packages/core/dist";
const IMPORTED = /(?:from|import)\s*["']\.\/([^"']+\.js)["']/g;

function loaded(file, known = new Set()) {
  if (known.has(file)) return known;
  known.add(file);
  for (const [, next] of readFileSync(`${DIST}/${file}`, "utf8").matchAll(IMPORTED)) loaded(next, known);
  return known;
}

const built = (pattern) => readdirSync(DIST).find((file) => pattern.test(file));
const paths = (files) => [...files].map((file) => `${DIST}/${file}`);
const core = loaded("index.js");
const onDemand = (pattern) => [...loaded(built(pattern))].filter((file) => !core.has(file));
const started = onDemand(/^operations-.*\.js$/);

module.exports = [
  { name: "@baldur/core", path: paths(core), gzip: true, limit: "60 kB" },
  {
    name: "what a start loads besides",
    path: paths(started),
    gzip: true,
    limit: "33 kB",
  },
  {
    name: "what it loads besides, with Redis or SQL",
    path: paths(onDemand(/^fleet-.*\.js$/).filter((file) => !started.includes(file))),
    gzip: true,
    limit: "36 kB",
  },
];
