import { isSensitiveName } from "./sensitive.js";

const HIDDEN = "***";

/** A scheme of authorization and what follows it, and the shapes in which keys are handed out. */
const TOKENS =
  /\b(bearer|basic)\s+[\w.~+/=:-]+|\beyJ[\w-]{8,}\.[\w.-]+|\b(?:sk|rk|ghp|gho|ghs|xoxb|xoxp)[-_][\w-]{8,}/gi;
const PRIVATE_KEY = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}-----|$)/g;
/** `//user:password@`, where the password may hold anything; a port and a path are none. */
const USER_AND_PASSWORD = /:\/\/[^\s/?#@:]{0,256}:(?!\d{1,5}[/?#])[^\s]{0,1024}@/g;
const USER = /:\/\/[^\s/?#]{0,1024}@/g;
/** A name and what parts it from its value: `password=`, `"password": "`, `Key (ssn)=(`. */
const NAME = /(?<![\w.$-])([\w.$-]+)(?:\\?["'])?[)\]]?\s{0,3}(?:=>|[=:])\s{0,3}/g;
/** Where the value is a structure, nothing tells where it ends: all the rest goes. */
const VALUE = /[{[][\s\S]*|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[^\s,;&]+/y;
/** Headers, whose values have several words. */
const HEADER = /cookie$|authorization$/i;
const LINE = /[^\r\n]*/y;

/** The text without passwords, tokens and keys, as far as their shape or their name tells them. */
export function redactText(text: string): string {
  const shaped = text
    .replace(PRIVATE_KEY, HIDDEN)
    .replace(USER_AND_PASSWORD, `://${HIDDEN}@`)
    .replace(USER, `://${HIDDEN}@`)
    .replace(TOKENS, (_, scheme?: string) => (scheme === undefined ? HIDDEN : `${scheme} ${HIDDEN}`));
  return redactNamed(shaped);
}

function redactNamed(text: string): string {
  let kept = "";
  let from = 0;
  const names = new RegExp(NAME);
  for (let match = names.exec(text); match !== null; match = names.exec(text)) {
    const name = match[1] ?? "";
    if (!isSensitiveName(name)) continue;
    const end = endOfValue(text, names.lastIndex, name);
    kept += `${text.slice(from, names.lastIndex)}${HIDDEN}`;
    from = end;
    names.lastIndex = end;
  }
  return kept + text.slice(from);
}

function endOfValue(text: string, start: number, name: string): number {
  const value = new RegExp(HEADER.test(name) ? LINE : VALUE);
  value.lastIndex = start;
  return value.test(text) ? value.lastIndex : start;
}
