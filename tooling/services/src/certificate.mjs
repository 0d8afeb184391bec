import { generateKeyPairSync, sign } from "node:crypto";
import { HOST } from "./conversation.mjs";

const DAY = 86_400_000;
const LASTS = 30 * DAY;
/** Tags and object identifiers of X.509, as DER has them. */
const SEQUENCE = 0x30;
const SET = 0x31;
const COMMON_NAME = tlv(0x06, Buffer.from("550403", "hex"));
const ALTERNATIVE_NAMES = tlv(0x06, Buffer.from("551d11", "hex"));
const ECDSA_SHA256 = tlv(SEQUENCE, tlv(0x06, Buffer.from("2a8648ce3d040302", "hex")));

/**
 * A certificate of the loopback interface that signs itself, and its key, as PEM. Node makes keys but no certificates, and
 * a bare machine has no openssl.
 */
export function createCertificate() {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const content = contentFor(publicKey.export({ type: "spki", format: "der" }));
  const signature = bits(sign("sha256", content, privateKey));
  const der = tlv(SEQUENCE, content, ECDSA_SHA256, signature).toString("base64");
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${der.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
  };
}

function contentFor(publicKey) {
  const version = tlv(0xa0, tlv(0x02, Buffer.of(2)));
  const serial = tlv(0x02, Buffer.of(1));
  const name = tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, COMMON_NAME, tlv(0x0c, Buffer.from(HOST)))));
  const validity = tlv(SEQUENCE, time(Date.now() - DAY), time(Date.now() + LASTS));
  const address = tlv(0x87, Buffer.from(HOST.split(".").map(Number)));
  const names = tlv(0x04, tlv(SEQUENCE, address, tlv(0x82, Buffer.from("localhost"))));
  const extensions = tlv(0xa3, tlv(SEQUENCE, tlv(SEQUENCE, ALTERNATIVE_NAMES, names)));
  return tlv(SEQUENCE, version, serial, ECDSA_SHA256, name, validity, name, publicKey, extensions);
}

/** YYMMDDhhmmssZ */
function time(at) {
  const digits = new Date(at).toISOString().replace(/\D/g, "").slice(2, 14);
  return tlv(0x17, Buffer.from(`${digits}Z`));
}

const bits = (bytes) => tlv(0x03, Buffer.of(0), bytes);

/** A tag, the length of what follows, and that. */
function tlv(tag, ...parts) {
  const body = Buffer.concat(parts);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), body]);
}
