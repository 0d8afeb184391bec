import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isWithin, templateOf } from "../../src/http/endpoint-label.js";
import { createHttp } from "./fixture.js";

describe("a path as a template", () => {
  it.each([
    ["/users/123", "/users/{id}"],
    ["/users/123/orders/7", "/users/{id}/orders/{id}"],
    ["/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "/users/{uuid}"],
    ["/objects/507f1f77bcf86cd799439011", "/objects/{id}"],
    ["/users/123?page=9#top", "/users/{id}"],
    ["//users///123/", "/users/{id}"],
    ["/", "/"],
    ["", "/"],
    ["/v1/users", "/v1/users"],
    ["/deadbeefdeadbeef", "/deadbeefdeadbeef"],
    ["/1234567890123456789012345678901234567890", "/{id}"],
  ])("%s is %s", (path, template) => expect(templateOf(path)).toBe(template));

  it("[BUG] digits ate parts of segments: /2fa stays", () => {
    for (const path of ["/2fa", "/oauth2/token", "/mp3/list", "/a1b2", "/1st"])
      expect(templateOf(path)).toBe(path);
  });

  it("[BUG] upper-case UUIDs passed unmatched", () => {
    expect(templateOf("/users/3F2504E0-4F89-41D3-9A0C-0305E82C3301")).toBe("/users/{uuid}");
  });

  it("property: is its own template, and never has a number or a UUID for a segment", () => {
    const segment = fc.oneof(
      fc.uuid(),
      fc.nat().map(String),
      fc.webSegment(),
      fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 16, maxLength: 40 }),
    );
    fc.assert(
      fc.property(fc.array(segment), (segments) => {
        const template = templateOf(`/${segments.join("/")}`);
        expect(templateOf(template)).toBe(template);
        expect(template.split("/").some((part) => /^\d+$/.test(part) || /^[\da-f-]{36}$/i.test(part))).toBe(
          false,
        );
      }),
    );
  });

  it("is remembered for 2,048 paths at most, and right for all", () => {
    const { http } = createHttp();
    for (let i = 0; i < 5000; i++)
      expect(http.templateOf(`/users/${i % 2500}/x${i}`)).toBe(`/users/{id}/x${i}`);
  });
});

describe("what is below a path", () => {
  it.each([
    ["/health", true],
    ["/health/", true],
    ["/health/live", true],
    ["/healthcare/123", false],
    ["/healt", false],
    ["/x/health", false],
  ])("%s within /health: %s", (path, within) => expect(isWithin(path, ["/ready", "/health"])).toBe(within));
});
