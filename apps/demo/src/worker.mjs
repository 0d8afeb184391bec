import { fork } from "node:child_process";
import { once } from "node:events";

const running = new Set();

/** Starts a file as a process of its own and waits until it says that it listens. */
export async function startWorker(file, args, { environment = {}, onEvent = () => {} } = {}) {
  const child = fork(new URL(file, import.meta.url), args.map(String), {
    env: { ...withoutBaldur(process.env), ...environment },
  });
  running.add(child);
  const waiting = new Map();
  let lastId = 0;
  const ready = new Promise((resolve, reject) => waiting.set("ready", { resolve, reject }));
  child.on("message", (message) => {
    const { id, answer, event } = message;
    if (event !== undefined) return onEvent(event);
    waiting.get(id)?.resolve(answer);
    waiting.delete(id);
  });
  child.on("exit", (code, signal) => {
    running.delete(child);
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended (${signal ?? code})`));
  });
  const ask = (request) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      child.send({ id: lastId, request });
    });
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return child.signalCode;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    const [, signal] = await ended;
    return signal;
  };
  return { port: await ready, ask, kill };
}

/** For a parent that ends at once. */
export function killWorkers() {
  for (const child of running) child.kill("SIGKILL");
}

/** A licence or a setting of whoever runs the demo must not decide what it shows. */
function withoutBaldur(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("BALDUR_")));
}

/** The other end: answers what the parent asks, and ends when the parent does. */
export function serveParent(answerTo) {
  process.on("message", async ({ id, request }) => process.send({ id, answer: await answerTo(request) }));
  process.on("disconnect", () => process.exit());
  return {
    ready: (port) => process.send({ id: "ready", answer: port }),
    tell: (event) => process.connected && process.send({ event }),
  };
}
