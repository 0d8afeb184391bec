import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createCertificate } from "./certificate.mjs";
import { HOST, redisCommand } from "./conversation.mjs";
import { freePort } from "./ports.mjs";
import { findRedis } from "./redis-program.mjs";
import { remove, startServer, temporaryFolder } from "./server.mjs";

/**
 * Starts a Redis of its own on the loopback interface, on a free port unless `port` names one. It keeps nothing on disk
 * unless `persistence` or `settings` say so; with `persistence` a command is on disk before it is answered.
 * With `tls` it speaks TLS only, with a certificate made for it, or that one. `settings` are those of redis.conf, an array where one
 * takes several words; `requirepass` and the files of a TLS of the caller's show in the URL.
 */
export async function startRedis({ port, settings = {}, persistence = false, tls = false } = {}) {
  const certificate = tls ? givenOrMade(tls) : certificateIn(settings);
  const access = accessOf(port ?? (await freePort()), settings, certificate);
  const server = await startRedisProgram(access, (folder) => {
    const data = join(folder, "data");
    const own = { ...keeping(persistence), ...(tls ? writeCertificate(folder, certificate) : {}) };
    const all = { ...listeningOn(access), ...own, ...settings, dir: data };
    const erase = () => {
      remove(data);
      mkdirSync(data);
    };
    erase();
    return { args: Object.entries(all).flatMap(argument), erase };
  });
  const version = /redis_version:(\S+)/.exec(await server.command("INFO", "server"))?.[1];
  return Object.assign(server, { version, ca: certificate?.cert });
}

const argument = ([name, value]) => [`--${name}`, ...[value].flat().map(String)];

const keeping = (persistence) => ({
  save: "",
  appendonly: persistence ? "yes" : "no",
  appendfsync: persistence ? "always" : "everysec",
});

/** What nodes that follow each other need besides, if they ask for a password. */
export const masterPassword = ({ requirepass }) =>
  requirepass === undefined ? {} : { masterauth: requirepass };

const ping = (ask) => ask("PING");

/** Starts Redis's program in a folder that `prepare` fills; a Sentinel is the same program. `greet` is what it has to answer. */
export async function startRedisProgram(access, prepare, greet = ping) {
  const { command, env } = findRedis();
  const folder = temporaryFolder("redis");
  const ask = (...words) => redisCommand(access, ...words);
  const server = await startServer({
    command,
    env,
    folder,
    ...prepare(folder),
    stopSignal: "SIGTERM",
    ready: () => greet(ask),
  });
  return Object.assign(server, { host: HOST, port: access.port, url: urlOf(access), folder, command: ask });
}

const givenOrMade = (tls) => (tls === true ? createCertificate() : tls);

function certificateIn(settings) {
  const file = settings["tls-cert-file"];
  if (file === undefined) return undefined;
  return { cert: readFileSync(file, "utf8"), key: readFileSync(settings["tls-key-file"], "utf8") };
}

/** Writes the files, and returns the settings that name them. */
function writeCertificate(folder, { cert, key }) {
  const files = { "tls-cert-file": join(folder, "server.crt"), "tls-key-file": join(folder, "server.key") };
  writeFileSync(files["tls-cert-file"], cert);
  writeFileSync(files["tls-key-file"], key, { mode: 0o600 });
  return { ...files, "tls-ca-cert-file": files["tls-cert-file"], "tls-auth-clients": "no" };
}

/** How it is asked. It may want a certificate of ours too: its own is at hand. Whom we talk to is not in doubt. */
function accessOf(port, settings, certificate) {
  const password = settings.requirepass;
  if (certificate === undefined) return { port: settings.port ?? port, password };
  return { port: settings["tls-port"] ?? port, password, tls: { ...certificate, rejectUnauthorized: false } };
}

function listeningOn({ port, tls }) {
  return { bind: HOST, ...(tls === undefined ? { port } : { port: 0, "tls-port": port }) };
}

function urlOf({ port, password, tls }) {
  const user = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return `${tls === undefined ? "redis" : "rediss"}://${user}${HOST}:${port}`;
}
