import { base64, CLAIMS, envelope, type Members, testKey, token } from "./tokens.js";

/** A token that must be refused, with what is wrong with it. */
export type Corrupt = readonly [what: string, token: unknown];

export const key = testKey("2026");
const GOLDEN = token(key);
const JSON_GOLDEN = JSON.stringify(envelope(key));
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1e308,
  "",
  " ",
  "\u0000",
  [],
  {},
  [[]],
  ["x"],
  [[[[["PRO"]]]]],
  { toString: "x" },
  "🚀",
  "\ud800",
];
const ODD_DATES = [
  "2026-02-30",
  "2026-02-29",
  "2026-13-01",
  "2026-00-10",
  "2026-06-00",
  "2026-06-31",
  "2026-6-1",
  "26-06-01",
  "20260601",
  "2026/06/01",
  "2026-06-01T00:00:00Z",
  " 2026-06-01",
  "2026-06-01 ",
  "+002026-06-01",
  "-2026-06-01",
  "9999999-01-01",
  "２０２６-06-01",
  "tomorrow",
  "NaN",
  "1767225600000",
  "2026-06-01\u0000",
  "2026-06-01\n",
];
const ODD_ALGORITHMS = [
  "none",
  "ED25519",
  "Ed25519",
  "ed25519 ",
  "ed448",
  "HS256",
  "RS256",
  "",
  "eddsa",
  "ed25519\u0000",
];
const POISON = ["__proto__", "constructor", "prototype"];
const SIGNATURE_LENGTHS = [0, 1, 31, 32, 33, 63, 65, 96, 128, 1024];

/** One of everything that can go wrong with a token. The same in every run. */
export function corpus(): Corrupt[] {
  return [
    ...bitFlips(),
    ...truncations(),
    ...oddValues(),
    ...missingParts(),
    ...oddSignatures(),
    ...ODD_DATES.flatMap((date) => [
      signed(`expires ${date}`, { expires: date }),
      signed(`issued_at ${date}`, { issued_at: date }),
    ]),
    ...ODD_ALGORITHMS.map((alg) => replaced(`alg ${alg}`, { alg })),
    ...poisoned(),
    ...shapes(),
  ];
}

function bitFlips(): Corrupt[] {
  const of = (name: string, text: string, steps: number): Corrupt[] =>
    Array.from({ length: steps }, (_, step) => {
      const bytes = Buffer.from(text);
      const at = Math.floor((step * bytes.length) / steps);
      bytes[at] = (bytes[at] as number) ^ (1 << (step % 7));
      return [`${name}, bit ${step % 7} of byte ${at} flipped`, bytes.toString("utf8")] as const;
    });
  return [...of("base64", GOLDEN, 50), ...of("JSON", JSON_GOLDEN, 50)];
}

function truncations(): Corrupt[] {
  return [GOLDEN, JSON_GOLDEN].flatMap((text) =>
    Array.from({ length: 25 }, (_, step) => {
      const length = 1 + Math.floor((step * (text.length - 1)) / 25);
      return [`cut to ${length}`, text.slice(0, length)] as const;
    }),
  );
}

function oddValues(): Corrupt[] {
  return ODD_VALUES.flatMap((value) => [
    ...["alg", "payload", "signature"].map((field) =>
      replaced(`${field} is ${typeof value}`, { [field]: value }),
    ),
    ...Object.keys(CLAIMS).flatMap((claim) =>
      isFine(claim, value) ? [] : [signed(`${claim} is ${typeof value}`, { [claim]: value })],
    ),
    ["the whole is odd", value === "" || value === null ? [value] : value] as const,
    ["the JSON is odd", JSON.stringify(value)] as const,
    ["the base64 is odd", base64(JSON.stringify(value))] as const,
  ]);
}

/** Some claims are free text. */
function isFine(claim: string, value: unknown): boolean {
  return ["customer_id", "org", "plan"].includes(claim) && typeof value === "string" && value !== "";
}

function missingParts(): Corrupt[] {
  return [
    ...Object.keys(CLAIMS).map((claim) => signed(`no ${claim}`, { [claim]: undefined })),
    ...Object.keys(CLAIMS).map((claim) =>
      signed(`${claim} in capitals`, { [claim]: undefined, [claim.toUpperCase()]: "PRO" }),
    ),
    ...["alg", "payload", "signature"].map((field) => replaced(`no ${field}`, { [field]: undefined })),
    ...["Alg", "sig", "keys", "publicKey", "key", "jwk", "x5c"].map((field) =>
      replaced(`a field ${field}`, { [field]: "x" }),
    ),
    ["an empty payload", base64(JSON.stringify(envelope(key, {})))],
  ];
}

function oddSignatures(): Corrupt[] {
  const { signature } = envelope(key) as { signature: string };
  return [
    ...SIGNATURE_LENGTHS.map((length) =>
      replaced(`${length} bytes of signature`, { signature: base64(new Uint8Array(length)) }),
    ),
    replaced("a signature of zeroes", { signature: base64(new Uint8Array(64)) }),
    replaced("a byte after the signature", {
      signature: base64(Buffer.concat([Buffer.from(signature, "base64"), Buffer.alloc(1)])),
    }),
    replaced("a signature for URLs", { signature: "-_".repeat(43) }),
    replaced("a signature without padding", { signature: signature.replaceAll("=", "") }),
    replaced("a signature in hexadecimal", { signature: Buffer.from(signature, "base64").toString("hex") }),
    replaced("blanks in the signature", { signature: ` ${signature}` }),
    ["another key", token(testKey("other"))],
    ["another key, by name", token(testKey("other"), {}, { kid: "2026" })],
    ["an unknown key", token(key, {}, { kid: "../../2026" })],
    ["a key by prototype", token(key, {}, { kid: "__proto__" })],
    ["altered", JSON.stringify({ ...envelope(key), payload: { ...CLAIMS, expires: "2099-12-31" } })],
    ["a claim added", JSON.stringify({ ...envelope(key), payload: { ...CLAIMS, seats: 1 } })],
  ];
}

function poisoned(): Corrupt[] {
  const claims = JSON.stringify(CLAIMS);
  const { signature } = envelope(key);
  return POISON.flatMap((name) => [
    [
      `${name} for the payload`,
      `{"alg":"ed25519","${name}":{"payload":${claims}},"signature":"${signature}"}`,
    ],
    [`${name} around everything`, `{"${name}":${JSON_GOLDEN}}`],
    [`${name} beside everything`, `{"${name}":{},${JSON_GOLDEN.slice(1)}`],
    [
      `${name} for the claims`,
      `{"alg":"ed25519","payload":{"${name}":${claims}},"signature":"${signature}"}`,
    ],
    [
      `${name} among the claims`,
      `{"alg":"ed25519","payload":{"${name}":{},${claims.slice(1)},"signature":"${signature}"}`,
    ],
  ]);
}

function shapes(): Corrupt[] {
  const deep = (open: string, close: string, depth: number): string =>
    open.repeat(depth) + close.repeat(depth);
  const throwing = new Proxy({}, { get: () => fail(), ownKeys: () => fail(), getPrototypeOf: () => fail() });
  return [
    ["brackets", deep("[", "]", 32_000)],
    ["brackets in base64", base64(deep("[", "]", 20_000))],
    ["objects", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["deep claims", `{"alg":"ed25519","payload":{"org":${deep("[", "]", 30_000)}},"signature":"x"}`],
    ["an open end", '{"a":'.repeat(10_000)],
    ["64 KiB and one", "{".padEnd(65_537)],
    ["megabytes", "A".repeat(5_000_000)],
    ["a licence and more", GOLDEN + GOLDEN],
    ["a licence after text", `license=${GOLDEN}`],
    ["a licence in quotes", `"${GOLDEN}"`],
    ["a licence in a list", `[${JSON_GOLDEN}]`],
    ["a licence in base64 twice", base64(GOLDEN)],
    ["a licence in UTF-16", Buffer.from(JSON_GOLDEN, "utf16le").toString("base64")],
    ["a licence for URLs", `${GOLDEN.slice(0, -4)}-_-_`],
    ["two payloads", JSON_GOLDEN.replace(/}$/, ',"payload":{}}')],
    ["comments", `{/**/${JSON_GOLDEN.slice(1)}`],
    ["a web token", "eyJhbGciOiJub25lIn0.e30."],
    ["blanks", " \n\t "],
    ["an object", envelope(key)],
    ["a String", Object(GOLDEN)],
    ["bytes", Buffer.from(GOLDEN)],
    ["a function", () => GOLDEN],
    ["a symbol", Symbol("licence")],
    ["a big number", 10n ** 400n],
    ["something that throws when it is looked at", throwing],
  ];
}

function fail(): never {
  throw new Error("do not look");
}

/** Wrong before it was signed. */
function signed(what: string, claims: Members): Corrupt {
  return [what, token(key, claims)];
}

/** Wrong after it was signed. */
function replaced(what: string, parts: Members): Corrupt {
  return [what, JSON.stringify({ ...envelope(key), ...parts })];
}
