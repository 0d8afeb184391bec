/**
 * Parts of names that tell a secret, as `normal` writes them. `auth` covers `authorization`; `pass` is one only at the
 * end, as in `dbPass`.
 */
const PARTS = [
  ...["password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "cookie", "auth"],
  ...["apikey", "accesskey", "privatekey"],
  ...["creditcard", "cardnumber", "cvv", "cvc", "iban", "accountnumber", "routingnumber"],
  ...["ssn", "socialsecurity", "passport", "taxid", "driverlicense", "driverslicense"],
  ...["driverlicence", "driverslicence"],
] as const;
const SENSITIVE = new RegExp(`${PARTS.join("|")}|pass$`);

/**
 * Ordinary words in which such a part stands by chance. Only these are let go: words are not split at capitals or
 * separators, so a part is found wherever it begins and ends.
 */
const ORDINARY = new RegExp(
  [
    "author(?!i[sz])", // but authorization, authorized
    "secretar(?:y|ies|ial)",
    "^(?:by|com|sur|tres)pass$",
    "syntaxid",
    "tokeni[sz]er",
    // How many tokens a language model reads or writes; `tokens` by itself may be a list of keys.
    "(?:max|min|num|total|prompt|completion|input|output|budget|reasoning)(?:completion|output|input|new)?tokens(?!ecret)",
    "tokens?(?:count|limit|budget|usage)",
    // businessName, addressNumber
    "(?:(?:cla|proce|acce|succe|addre|progre|cro)ss|(?:busi|wit|fit|well)ness)(?=n(?:ame|um|o|ew|ext|et))",
  ].join("|"),
  "g",
);
const SEPARATORS = /[^\p{L}\p{N}]/gu;
const MOST_REMEMBERED = 2000;
const LONGEST_REMEMBERED = 100;

/** Whether a name tells a secret, in whatever way it is written: `apiKey`, `api-key`, `X_API_KEY`. */
export function isSensitiveName(name: string): boolean {
  return tells(normal(name));
}

/** The same with names of the application's own, which know no exceptions. Remembers its answers. */
export function sensitiveKeys(extra: readonly string[] = []): (key: string) => boolean {
  const parts = extra.map(normal).filter((part) => part !== "");
  const known = new Map<string, boolean>();
  return (key) => {
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    const name = normal(key);
    const found = tells(name) || parts.some((part) => name.includes(part));
    if (key.length > LONGEST_REMEMBERED) return found;
    // Keys may be ids of the caller's: they must not gather.
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(key, found);
    return found;
  };
}

function tells(name: string): boolean {
  return SENSITIVE.test(name) && SENSITIVE.test(name.replace(ORDINARY, " "));
}

function normal(name: string): string {
  return name.replace(SEPARATORS, "").toLowerCase();
}
