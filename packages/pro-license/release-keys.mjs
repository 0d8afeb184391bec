const FIELDS = ["kid", "publicKey", "notAfter"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Checks the keys that a release pins: a JSON array of `{ kid, publicKey, notAfter? }`. Undefined without any: a build of
 * this repository. Throws, so that no release is built on a mistake, and none with the development key.
 * @param {string | undefined} json
 * @param {string} development what must not be pinned
 */
export function releaseKeys(json, development) {
  if (!json?.trim()) return undefined;
  const keys = parse(json);
  if (!Array.isArray(keys) || keys.length === 0) throw wrong("must be a JSON array of keys");
  for (const [index, key] of keys.entries()) check(key, `key ${index}`, development);
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw wrong("has two keys with one kid");
  return keys;
}

function check(key, at, development) {
  if (typeof key !== "object" || key === null) throw wrong(`${at} must be an object`);
  const { kid, publicKey, notAfter } = key;
  const unknown = Object.keys(key).filter((field) => !FIELDS.includes(field));
  if (unknown.length > 0) throw wrong(`${at} must have no ${unknown.join(", ")}: only ${FIELDS.join(", ")}`);
  if (typeof kid !== "string" || kid === "") throw wrong(`${at} must have a kid`);
  if (!isKey(publicKey)) throw wrong(`${at} must have a publicKey of 32 bytes in base64`);
  if (notAfter !== undefined && !isDay(notAfter)) throw wrong(`${at} must have a day as notAfter`);
  if (development.includes(publicKey)) throw wrong(`${at} is the development key`);
}

function isKey(publicKey) {
  const bytes = typeof publicKey === "string" ? Buffer.from(publicKey, "base64") : Buffer.alloc(0);
  return bytes.length === 32 && bytes.toString("base64") === publicKey;
}

function isDay(day) {
  const time = DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(day);
}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // said by the caller, in the words for every other mistake
  }
}

function wrong(what) {
  return new Error(`BALDUR_RELEASE_KEYS ${what}`);
}
