// Only what needs types; everything else is biome's.
import ts from "typescript-eslint";

export default ts.config(
  { ignores: ["**/dist/**", "**/*.mjs", "**/*.cjs", "apps/**", "tooling/**"] },
  {
    files: ["packages/*/{src,test}/**/*.ts"],
    extends: [ts.configs.base],
    languageOptions: { parserOptions: { project: "tsconfig.json", tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "@typescript-eslint/await-thenable": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      // A written default answers for values that untyped callers bring, so it counts.
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // Tests hand asynchronous functions to callers that expect none, to see what happens.
    files: ["packages/*/test/**/*.ts"],
    rules: { "@typescript-eslint/no-misused-promises": "off" },
  },
);
