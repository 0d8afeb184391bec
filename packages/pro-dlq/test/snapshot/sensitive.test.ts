import { describe, expect, it } from "@jest/globals";
import { isSensitiveName, sensitiveKeys } from "../../src/snapshot/sensitive.js";

describe("names that tell a secret", () => {
  const isSensitive = sensitiveKeys();

  it.each([
    ...[
      "password",
      "secret",
      "token",
      "api_key",
      "apikey",
      "authorization",
      "auth",
      "credential",
      "private_key",
    ],
    ...["credit_card", "ssn", "social_security", "card_number", "cvv", "cvc", "iban", "account_number"],
    ...["routing_number", "passport", "driver_license", "tax_id", "access_key"],
  ])("knows %s, in every way of writing it", (name) => {
    const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const pascal = `${camel[0]?.toUpperCase()}${camel.slice(1)}`;
    for (const written of [
      ...[name, camel, pascal, name.toUpperCase(), name.replaceAll("_", "-"), name.replaceAll("_", " ")],
      ...[`x-${name}`, `customer${pascal}`, `${camel}Value`, `${name}s`, `customer${camel.toLowerCase()}`],
    ]) {
      expect([written, isSensitive(written)]).toEqual([written, true]);
    }
  });

  it.each([
    ...["dbPass", "pwd", "passwd", "passphrase", "Set-Cookie", "driversLicence", "oauth2", "authorizedBy"],
    ...[
      "tokens",
      "newTokens",
      "accessTokens",
      "maxTokenSecret",
      "authorPassword",
      "secretaryToken",
      "pass word",
    ],
    ...["businessSsn", "employeeSSNHash", "insuranceSSNumber", "customerssnumber", "api\u200bkey"],
  ])("knows %s", (name) => {
    expect(isSensitive(name)).toBe(true);
  });

  it.each([
    ...[
      "order",
      "name",
      "key",
      "card",
      "passenger",
      "compass",
      "bypass",
      "primary_key",
      "orderId",
      "account",
    ],
    ...["author", "authorId", "co_authors", "authority", "secretary", "syntaxId", "tokenizer", ""],
    ...["max_tokens", "maxCompletionTokens", "prompt_tokens", "totalTokens", "tokenCount", "token_limit"],
    ...["businessName", "className", "classname", "addressNumber", "process_name", "accessNumber"],
  ])("lets %s go", (name) => {
    expect(isSensitive(name)).toBe(false);
  });

  it("takes further names, which know no exceptions", () => {
    const own = sensitiveKeys(["author", "Patient-Id", "пароль", "", "--"]);
    for (const name of ["authorName", "patient_id", "PATIENTID2", "Пароль", "password"])
      expect(own(name)).toBe(true);
    expect(own("name")).toBe(false);
  });

  it("answers the same however often and whatever else it is asked", () => {
    for (let n = 0; n < 5000; n++) isSensitive(`key-${n}`);
    for (let n = 0; n < 2; n++) expect([isSensitive("token"), isSensitive("order")]).toEqual([true, false]);
    const long = `${"x".repeat(1000)}_token`;
    expect([isSensitive(long), isSensitive(long)]).toEqual([true, true]);
    expect([isSensitiveName("token"), isSensitiveName("order")]).toEqual([true, false]);
  });
});
