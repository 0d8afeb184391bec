import { describe, expect, it } from "@jest/globals";
import { Mounts } from "../../src/http/mounts.js";

describe("templates of mounted routers", () => {
  it.each([
    ["", "/orders", "/orders"],
    ["/shop", "/orders/:id", "/shop/orders/:id"],
    ["/shop", "/", "/shop"],
    ["/users/123", "/orders", "/users/{id}/orders"],
    ["/users/3F2504E0-4F89-41D3-9A0C-0305E82C3301", "/", "/users/{uuid}"],
    ["/2fa", "/", "/2fa"],
  ])("%s and %s are %s", (mount, route, template) => {
    expect(new Mounts().join(mount, route)).toBe(template);
  });

  it("are few, whatever clients ask for", () => {
    const mounts = new Mounts();
    const templates = new Set<string>();
    for (let n = 0; n < 10_000; n++) templates.add(mounts.join(`/tenant-${n}`, "/orders"));
    expect(templates.size).toBe(101);
    expect(mounts.join("/tenant-5", "/orders")).toBe("/tenant-5/orders");
  });
});
