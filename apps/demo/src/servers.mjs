// The servers that the shops share, each of this demo alone.
const STARTS = {
  redis: async () => (await import("@baldur/services")).startRedis({ persistence: true }),
  postgres: async () => (await import("@baldur/services")).startPostgres(),
};
const VARIABLES = { redis: "BALDUR_REDIS_URL", postgres: "BALDUR_SQL_DSN" };

/** Starts servers by their names: an outage kills them as a power cut would, and what they had on disk is there again. */
export async function startServers(names) {
  const servers = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await STARTS[name]()])),
  );
  const all = Object.values(servers);
  return {
    names,
    /** How a shop finds them. */
    environment: Object.fromEntries(names.map((name) => [VARIABLES[name], servers[name].url])),
    kill: () => Promise.all(all.map((server) => server.kill())),
    restart: () => Promise.all(all.map((server) => server.restart())),
    stop: () => Promise.all(all.map((server) => server.stop())),
  };
}
