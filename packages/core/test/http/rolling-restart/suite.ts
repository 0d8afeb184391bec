import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, jest } from "@jest/globals";
import { Balancer } from "./balancer.js";
import { Load } from "./load.js";
import { Service } from "./service.js";

const isSoak = process.env["BALDUR_SOAK"] === "1";
const RESTARTS = isSoak ? 10 : 2;
const PER_SECOND = isSoak ? 500 : 100;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, "close");
  return port;
}

/**
 * Two processes of a service are restarted in turn under load. The script is that of a service which listens on the port
 * that it is given and answers `/quick`, `/slow`, `/stream` and `POST /pay`.
 */
export function rollingRestartSuite(name: string, script: string): void {
  jest.setTimeout(300_000);

  describe(`a rolling restart of ${name}`, () => {
    it.each([
      ["a balancer that is left the time to notice", { prestop: "1", resends: false }],
      ["a balancer that sends elsewhere what was refused", { prestop: "0", resends: true }],
    ])("fails no request behind %s", async (_, { prestop, resends }) => {
      const env = { BALDUR_RECOVERY_SHUTDOWN_PRESTOP_SECONDS: prestop, BALDUR_LOG_LEVEL: "error" };
      const services = [await freePort(), await freePort()].map((port) => new Service(port, script, env));
      const balancer = new Balancer(
        services.map(({ port }) => port),
        resends,
      );
      let load: Load | undefined;
      try {
        await Promise.all(services.map((service) => service.start()));
        load = new Load(await balancer.start(), PER_SECOND);
        for (let restart = 0; restart < RESTARTS; restart++) {
          const service = services[restart % 2] as Service;
          const before = balancer.served(service.port);
          const { errors, ...end } = await service.stop();
          expect(end).toEqual({ code: null, signal: "SIGTERM" });
          expect(errors).not.toMatch(/"level":"(?:warning|error|critical)"|Error:/);
          await service.start();
          await served(balancer, service.port, Math.max(before, balancer.served(service.port)) + 20);
        }
        await load.stop();
        expect(load.failures).toEqual([]);
        expect(load.sent).toBeGreaterThan(RESTARTS * PER_SECOND);
        if (resends) expect(balancer.resent).toBeGreaterThan(0);
      } finally {
        await load?.stop();
        balancer.stop();
        await Promise.all(services.map((service) => service.remove()));
      }
    });
  });
}

/** Waits until one that is back has its share again. */
async function served(balancer: Balancer, port: number, count: number): Promise<void> {
  while (balancer.served(port) < count) await new Promise((resolve) => setTimeout(resolve, 5));
}
