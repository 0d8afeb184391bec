import { library } from "@baldur/tsup";

// CommonJS cannot wait while it loads, so `register` has no such form. The two builds run together: neither removes the other's.
export default [
  { ...library(["src/index.ts"]), clean: ["!register.*"] },
  { ...library(["src/register.ts"]), format: ["esm"], clean: false },
];
