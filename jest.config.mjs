export default {
  projects: ["<rootDir>/packages/*"],
  maxWorkers: 2,
  coverageProvider: "babel",
  reporters: ["default", "<rootDir>/tooling/jest/closing-line.mjs"],
};
