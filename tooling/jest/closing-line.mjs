/** Names what was skipped, and ends the run with the one line that says how it went. */
export default class ClosingLine {
  #skipped = [];

  onTestResult(_test, { testResults }) {
    for (const { status, fullName } of testResults) {
      if (status === "pending" || status === "todo") this.#skipped.push(fullName);
    }
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    process.once("exit", () => {
      for (const name of this.#skipped) process.stdout.write(`skipped: ${name}\n`);
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
}
