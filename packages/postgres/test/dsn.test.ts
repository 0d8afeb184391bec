import { inspect } from "node:util";
import { ConfigurationError } from "@baldur/core";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parseDsn, redactDsn } from "../src/dsn.js";

const refusal = (dsn: string): string => {
  try {
    parseDsn("BALDUR_SQL_DSN", dsn);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error(`${dsn} was taken`);
};

describe("a DSN", () => {
  it.each([
    ["postgres://ann@db:5433/shop", { user: "ann", host: "db", port: 5433, database: "shop" }],
    ["postgresql://db", { host: "db" }],
    ["POSTGRESQL+asyncpg://db/shop", { host: "db", database: "shop" }],
    [
      "postgres://a%40b:p%2Fw%23@db/sh%20op",
      { user: "a@b", password: "p/w#", host: "db", database: "sh op" },
    ],
    ["postgres://[::1]:5432/shop", { host: "::1", port: 5432, database: "shop" }],
    ["postgres:///shop?host=/run/postgresql", { host: "/run/postgresql", database: "shop" }],
    [
      "postgres://ann@/shop?host=/run/postgresql&port=5433",
      { user: "ann", host: "/run/postgresql", port: 5433, database: "shop" },
    ],
    ["postgres://db/shop?sslmode=disable", { host: "db", database: "shop", tls: "off" }],
    ["postgres://db/shop?sslmode=require", { host: "db", database: "shop", tls: "verified" }],
    ["postgres://db/shop?sslmode=no-verify", { host: "db", database: "shop", tls: "unverified" }],
  ])("%s is read", (dsn, expected) => {
    expect(parseDsn("dsn", dsn)).toEqual({ parameters: {}, ...expected });
  });

  it("hands parameters of a session on", () => {
    const { parameters } = parseDsn("dsn", "postgres://db?application_name=shop&statement_timeout=5000");
    expect(parameters).toEqual({ application_name: "shop", statement_timeout: "5000" });
  });

  it.each([
    ["mysql://ann:secret@db/shop", "dialect postgres or postgresql: mysql is not spoken"],
    ["sqlite:///shop.db", "sqlite is not spoken"],
    ["mssql+pyodbc://ann:secret@db/shop", "mssql is not spoken"],
    ["host=db password=secret", "must be postgres://user@host:port/database"],
    ["postgres://ann:secret@db:none/shop", "percent-encoded"],
    ["postgres://ann:secret@db:99999/shop", "percent-encoded"],
    ["postgres://ann:12/secret@db/shop", "percent-encoded"],
    ["postgres://ann:12#secret@db/shop", "percent-encoded"],
    ["postgres://ann:secret@db/shop?port=0", "port from 1 to 65535"],
    ["postgres://ann:secret@one,two/shop", "one host"],
    ["postgres://ann:secret@db/shop?sslmode=prefer", "sslmode of disable, require"],
    ["postgres://ann:secret@db/shop?password=secret", "no parameter password"],
    ["postgres://ann:secret@db/%ff", "decoded"],
  ])("%s is refused by its rule, and not shown", (dsn, rule) => {
    const message = refusal(dsn);
    expect(message).toContain("BALDUR_SQL_DSN must");
    expect(message).toContain(rule);
    expect(message).toContain("received ");
    expect(message).not.toContain("secret");
  });

  it("never shows what stands before an @ or after a ?, however it is written", () => {
    const secret = fc.stringMatching(/^[^@]{1,12}$/).map((text) => `S3CR3T${text}S3CR3T`);
    fc.assert(
      fc.property(secret, fc.constantFrom("postgres", "mysql", "x"), (password, scheme) => {
        for (const dsn of [
          `${scheme}://u:${password}@h/d`,
          `${scheme}://h/d?password=${password}`,
          `${scheme}:${password}`,
        ])
          expect(redactDsn(dsn)).not.toContain("S3CR3T");
      }),
    );
    expect(redactDsn("postgres://ann:secret@db:5432/shop?x=1")).toBe("postgres://***@db:5432/shop?***");
  });

  it("is not within the error by another way", () => {
    try {
      parseDsn("dsn", "postgres://ann:secret@db:none/shop");
    } catch (error) {
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("secret");
    }
  });
});
