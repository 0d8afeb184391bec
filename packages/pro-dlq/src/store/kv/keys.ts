import type { EntryStatus } from "@baldur/core/plugin";
import { withPrefix } from "@baldur/core/plugin";
import { STATUSES } from "../../entry/entry.js";

/** Everything of the dead-letter queue, beside what others keep in the same map. */
const ROOT = "dlq/";

export const TOTALS_KEY: string = `${ROOT}totals`;
export const ENTRIES: { from: string; to: string } = withPrefix(`${ROOT}entry/`);
export const GROUPS: { from: string; to: string } = withPrefix(`${ROOT}group/`);
export const OWNERS: { from: string; to: string } = withPrefix(`${ROOT}owner/`);
export const SUMMARIES: { from: string; to: string } = withPrefix(`${ROOT}summary/`);

export function entryKey(id: string): string {
  return `${ROOT}entry/${id}`;
}

export function groupKey(group: string): string {
  return `${ROOT}group/${group}`;
}

/** The states of the entries of one group that have one status, in the order in which they were made. */
export function statesPrefix(status: EntryStatus, group: string): string {
  return `${ROOT}state/${STATUSES.indexOf(status)}/${group}/`;
}

/** An entry has one such key: where it is says what its status is. */
export function stateKey(status: EntryStatus, group: string, id: string): string {
  return statesPrefix(status, group) + id;
}

export function ownerKey(owner: string): string {
  return `${ROOT}owner/${owner}`;
}

export function leaseKey(what: string): string {
  return `${ROOT}lease/${ascii(what)}`;
}

export function summaryKey(domain: string, failureType: string, errorCode: string): string {
  return `${ROOT}summary/${ascii(JSON.stringify([domain, failureType, errorCode]))}`;
}

/** What was put aside because it cannot be read. */
export function quarantineKey(id: string): string {
  return `${ROOT}quarantine/${id}`;
}

/** The last part of a key. */
export function lastPart(key: string): string {
  return key.slice(key.lastIndexOf("/") + 1);
}

const LONGEST = 400;

function ascii(text: string): string {
  const written = encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
  if (written.length <= LONGEST) return written;
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return `${written.slice(0, LONGEST)}~${(hash >>> 0).toString(36)}`;
}
