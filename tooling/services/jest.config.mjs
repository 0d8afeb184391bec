export default {
  testEnvironment: "node",
  testMatch: ["<rootDir>/test/**/*.test.mjs"],
  transform: {},
};
