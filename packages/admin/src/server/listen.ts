import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Resolves with the port that the server listens on. Rejects where it cannot. */
export function listen(server: Server, bind: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // Workers of a cluster would share the port, and each answer for another runtime.
    server.listen({ host: bind, port, exclusive: true }, () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
