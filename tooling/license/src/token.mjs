import nacl from "tweetnacl";
import { canonicalJson } from "./canonical.mjs";

const LINE = /.{1,76}/g;

/** A key pair; the secret is the seed that makes it. */
export function makeKey(kid, note) {
  const { publicKey, secretKey } = nacl.sign.keyPair();
  return {
    ...(note && { note }),
    kid,
    publicKey: base64(publicKey),
    seed: base64(secretKey.subarray(0, 32)),
  };
}

/** The envelope of a payload, signed. */
export function sign(payload, { kid, seed }) {
  const { secretKey } = nacl.sign.keyPair.fromSeed(bytes(seed));
  const signature = base64(nacl.sign.detached(message(payload), secretKey));
  return { alg: "ed25519", kid, payload, signature };
}

export function isSigned({ payload, signature }, { publicKey }) {
  const signed = bytes(signature);
  return signed.length === 64 && nacl.sign.detached.verify(message(payload), signed, bytes(publicKey));
}

/** Base64 in lines, as it is handed to customers. */
export function wrap(envelope) {
  return Buffer.from(JSON.stringify(envelope)).toString("base64").match(LINE).join("\n");
}

/** Throws for what is no token. */
export function unwrap(token) {
  const text = token.trim();
  const json = text.startsWith("{") ? text : Buffer.from(text, "base64").toString("utf8");
  const envelope = JSON.parse(json);
  if (typeof envelope?.payload !== "object" || typeof envelope.signature !== "string") {
    throw new Error("it has no payload or no signature");
  }
  return envelope;
}

function message(payload) {
  return new Uint8Array(Buffer.from(canonicalJson(payload)));
}

function base64(data) {
  return Buffer.from(data).toString("base64");
}

function bytes(text) {
  return new Uint8Array(Buffer.from(text, "base64"));
}
