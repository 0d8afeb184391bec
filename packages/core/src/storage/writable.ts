import type { RedisClient } from "../redis/redis.js";
import type { SqlDatabase } from "../sql/sql.js";

const LONGEST = 1000;
const MAY_WRITE = `select current_setting('transaction_read_only') = 'on' as is_read_only,
  coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)
    or to_regclass('baldur_schema_version') is not null as has_tables`;

/** Why servers take no writes, of those that answer. Never rejects. */
export async function unwritable(
  redis: RedisClient | undefined,
  sql: SqlDatabase | undefined,
): Promise<string[]> {
  const problems = await Promise.all([
    redis?.available === true ? redisProblem(redis) : undefined,
    sql?.available === true ? sqlProblem(sql) : undefined,
  ]);
  return problems.filter((problem) => problem !== undefined);
}

async function redisProblem(redis: RedisClient): Promise<string | undefined> {
  try {
    await redis.command("SET", `${redis.prefix}write_check`, "1", "PX", LONGEST);
    return undefined;
  } catch (error) {
    return `Redis takes no writes: ${(error as Error).message}`;
  }
}

async function sqlProblem(sql: SqlDatabase): Promise<string | undefined> {
  try {
    const [row] = (await sql.query(MAY_WRITE)).rows;
    if (row?.["is_read_only"] === true) return "the database is read-only: is it a standby?";
    if (row?.["has_tables"] !== true) return "the database has no tables, and this role may not create them";
    return undefined;
  } catch (error) {
    return `the database takes no writes: ${(error as Error).message}`;
  }
}
