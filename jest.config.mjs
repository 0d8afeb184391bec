export default {
  projects: ["<rootDir>/packages/*", "<rootDir>/tooling/services"],
  maxWorkers: 3,
  // Not to be met, but for the machine that does much else.
  testTimeout: 30_000,
  coverageProvider: "babel",
  reporters: ["default", "<rootDir>/tooling/jest/closing-line.mjs"],
};
