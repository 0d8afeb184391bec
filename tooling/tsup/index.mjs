/**
 * The build of a published package: ESM and CommonJS from one source, entries sharing their code within each format.
 * @param {string[]} entry
 */
export const library = (entry) => ({
  entry,
  format: ["esm", "cjs"],
  target: "node20",
  platform: "node",
  clean: true,
  sourcemap: true,
  splitting: true,
  treeshake: true,
  cjsInterop: false,
  // Types are checked once, by `tsc`, and what other packages declare is taken as they have built it.
  dts: { compilerOptions: { ignoreDeprecations: "6.0", customConditions: [], noCheck: true } },
  minify: true,
  silent: true,
});
