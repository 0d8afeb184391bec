import type { SqlConnection } from "../../sql/sql.js";
import type { ClaimToken, IdempotencyRecord } from "../store.js";
import { retention } from "../transition.js";

const COLUMNS = "status, owner, attempt, since, ttl, result";
const LONGEST_VERBATIM = 400;
const HASHED = "sha256:";
const PLAIN = /^[\x20-\x7e]+$/;
/** Records that are over are forgotten this much later, in milliseconds, for clocks differ. Longer than any tolerance. */
const MARGIN = 60_000;
/** At a time: with two for every claim, they never amount to more than those that are not over. */
export const FORGOTTEN_AT_ONCE = 32;

/**
 * Claims a key if nobody has, and else finds what is there; either may also come to nothing, when somebody was faster. What
 * is there is looked for first: to insert beside it would wait for a transaction that is about to complete it.
 */
const CLAIM = `present as (
  select ${COLUMNS} from baldur_idempotency where key = $1
), claimed as (
  insert into baldur_idempotency (key, ${COLUMNS}, expires)
  select $1, $2, $3, $4::integer, $5::float8, $6::float8, $7, $8::float8 where not exists (select from present)
  on conflict (key) do nothing returning true as is_claimed
)`;
const FORGET = `forgotten as (
  delete from baldur_idempotency where key in (
    select key from baldur_idempotency where expires <= $9 and key <> $1
    order by expires limit ${FORGOTTEN_AT_ONCE} for update skip locked
  )
)`;
const OUTCOME = `select coalesce((select is_claimed from claimed), false) as is_claimed, present.*
from (values (1)) as one left join present on true`;
const CLAIM_OR_FIND = `with ${CLAIM} ${OUTCOME}`;
const CLAIM_AND_FORGET = `with ${CLAIM}, ${FORGET} ${OUTCOME}`;
const FIND = `select ${COLUMNS} from baldur_idempotency where key = $1`;
const INSERT = `insert into baldur_idempotency (key, ${COLUMNS}, expires) values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (key) do nothing`;
const EXPECTED = `key = $1 and status = $2 and owner = $3 and attempt = $4
and since = coalesce($5, since) and ttl = coalesce($6, ttl) and expires > $7`;
const UPDATE = `update baldur_idempotency
set status = $8, owner = $9, attempt = $10, since = $11, ttl = $12, result = $13, expires = $14 where ${EXPECTED}`;
const DELETE = `delete from baldur_idempotency where ${EXPECTED}`;

/** What must be there for a record to be replaced; undefined: nothing. */
export type Expected =
  | (Pick<IdempotencyRecord, "status" | "owner" | "attempt"> & {
      readonly since: number | null;
      readonly ttl: number | null;
      /** Kept beyond this time. */
      readonly beyond: number;
    })
  | undefined;

/** The very record that was found. */
export function exactly(found: IdempotencyRecord): Expected {
  const { status, owner, attempt, since, ttl } = found;
  return { status, owner, attempt, since, ttl, beyond: Number.NEGATIVE_INFINITY };
}

/** The claim of this token, still in force: there is one at most, and while it runs nothing of it changes. */
export function running({ owner, attempt }: ClaimToken, now: number): Expected {
  return { status: "executing", owner, attempt, since: null, ttl: null, beyond: now };
}

/**
 * Whether the key was claimed with this record, and else what was found, unchecked; undefined for nothing. On the way others
 * that are over may be forgotten.
 */
export async function claimOrFind(
  connection: SqlConnection,
  key: string,
  record: IdempotencyRecord,
  forgets: boolean,
): Promise<{ readonly claimed: boolean; readonly found?: unknown }> {
  const values = [nameOf(key), ...valuesOf(record)];
  const asked = forgets
    ? connection.query(CLAIM_AND_FORGET, [...values, record.since - MARGIN])
    : connection.query(CLAIM_OR_FIND, values);
  const [row] = (await asked).rows;
  return row?.["is_claimed"] === true ? { claimed: true } : { claimed: false, found: recordOf(row) };
}

/** What is there, unchecked; undefined for nothing. */
export async function find(connection: SqlConnection, key: string): Promise<unknown> {
  return recordOf((await connection.query(FIND, [nameOf(key)])).rows[0]);
}

/** Puts a record (null: nothing) in the place of what is expected there. False where something else is. */
export async function swap(
  connection: SqlConnection,
  key: string,
  expected: Expected,
  record: IdempotencyRecord | null,
): Promise<boolean> {
  const name = nameOf(key);
  const written = record === null ? [] : valuesOf(record);
  if (expected === undefined)
    return record === null || (await connection.query(INSERT, [name, ...written])).count > 0;
  const { status, owner, attempt, since, ttl, beyond } = expected;
  const values = [name, status, owner, attempt, since, ttl, beyond, ...written];
  return (await connection.query(record === null ? DELETE : UPDATE, values)).count > 0;
}

function valuesOf(record: IdempotencyRecord): unknown[] {
  const { status, owner, attempt, since, ttl, result } = record;
  return [status, owner, attempt, since, ttl, result ?? null, since + retention(record)];
}

function recordOf(row: Readonly<Record<string, unknown>> | undefined): unknown {
  if (row === undefined || row["status"] === null) return undefined;
  const { status, owner, attempt, since, ttl, result } = row;
  return { status, owner, attempt, since, ttl, ...(result !== null && { result }) };
}

function nameOf(key: string): string {
  if (key.length <= LONGEST_VERBATIM && PLAIN.test(key) && !key.startsWith(HASHED)) return key;
  // Asked for here: importing the package must not load what most programs never need.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `${HASHED}${createHash("sha256").update(key).digest("hex")}`;
}
