const swc = (decorators) => [
  "@swc/jest",
  {
    jsc: {
      target: "es2022",
      parser: { syntax: "typescript", decorators: true },
      transform: decorators,
    },
  },
];

const preset = {
  testEnvironment: "node",
  testEnvironmentOptions: { customExportConditions: ["@baldur/source", "node", "node-addons"] },
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.legacy\\.test\\.ts$": swc({ legacyDecorator: true }),
    "\\.ts$": swc({ decoratorVersion: "2022-03" }),
  },
  moduleNameMapper: {
    "^(\\.{1,2}/.*)\\.js$": "$1",
    // The kit depends on core, so core cannot declare it in return.
    "^@baldur/testkit$": "<rootDir>/../testkit/src/index.ts",
  },
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  collectCoverageFrom: ["<rootDir>/src/**/*.ts"],
};

export default preset;
