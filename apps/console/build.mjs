// Bundles the console into one page that loads nothing else: its styles and its script are inside.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "@swc/core";
import { build } from "esbuild";

const LARGEST = 60_000; // bytes, compressed
/** What the chart library offers by a name and nothing here asks for: what is not named is not bundled. */
const UNUSED = [
  "uPlot.join = join;",
  "uPlot.fmtDate = fmtDate;",
  "uPlot.tzDate  = tzDate;",
  "(paths.spline  = monotoneCubic);",
];
const path = (file) => fileURLToPath(new URL(file, import.meta.url));

async function bundle() {
  const { outputFiles } = await build({
    entryPoints: [path("src/main.tsx")],
    outdir: path("dist"),
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: ["chrome111", "firefox115", "safari16.4"],
    // The shorter of the two forms of a call; types see the other one.
    jsx: "transform",
    jsxFactory: "h",
    jsxFragment: "Fragment",
    inject: [path("src/jsx.ts")],
    tsconfigRaw: {},
    legalComments: "none",
    plugins: [
      { name: "unused", setup: ({ onLoad }) => onLoad({ filter: /uPlot\.esm\.js$/ }, withoutUnused) },
    ],
  });
  const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text;
  return { style: text(".css"), script: await smaller(text(".js")) };
}

async function withoutUnused({ path: file }) {
  let contents = await readFile(file, "utf8");
  for (const line of UNUSED) {
    if (!contents.includes(line)) throw new Error(`the chart library has changed: it does not say ${line}`);
    contents = contents.replace(line, "");
  }
  return { contents, loader: "js" };
}

/** The bundler takes away what is not needed, and this what is said at length: together a twentieth less. */
async function smaller(script) {
  const ecma = 2022;
  const { code } = await minify(script, {
    ecma,
    compress: { ecma, passes: 3, toplevel: true },
    mangle: { toplevel: true },
  });
  return code;
}

/** What is put into an element must not end it. Functions, for `$` means something in a replacement. */
function assemble(template, { style, script }) {
  return template
    .replace("/* style */", () => style.replaceAll("</style", "<\\/style").trim())
    .replace("/* script */", () => script.replaceAll("</script", "<\\/script").trim());
}

const page = assemble(await readFile(path("src/index.html"), "utf8"), await bundle());
const size = gzipSync(page, { level: 9 }).length;
if (size > LARGEST) throw new Error(`the page has ${size} bytes compressed, and may have ${LARGEST}`);
await mkdir(path("dist"), { recursive: true });
await writeFile(path("dist/index.html"), page);
process.stdout.write(`dist/index.html: ${page.length} bytes, ${size} compressed\n`);
