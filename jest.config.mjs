export default {
  projects: ["<rootDir>/packages/*", "<rootDir>/tooling/services"],
  maxWorkers: 2,
  coverageProvider: "babel",
  reporters: ["default", "<rootDir>/tooling/jest/closing-line.mjs"],
};
