import { describe, expect, it } from "@jest/globals";
import { addressKey } from "../../src/http/client-key.js";

describe("whose budget an address uses", () => {
  it.each([
    ["203.0.113.7", "203.0.113.7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["::FFFF:203.0.113.7", "203.0.113.7"],
    ["2001:db8:0:1::1", "2001:db8:0:1::/64"],
    ["2001:0DB8:0000:0001:ffff:ffff:ffff:ffff", "2001:db8:0:1::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["1::8", "1:0:0:0::/64"],
    ["1:2:3:4:5:6:7::", "1:2:3:4::/64"],
    [undefined, "unknown"],
    ["", ""],
    ["not an address", "not an address"],
  ])("%s: %s", (address, key) => expect(addressKey(address)).toBe(key));

  it("is bounded, whatever the address is", () => {
    for (const hostile of ["::::::", ":".repeat(1000), "::".repeat(40), "1::2::3", "%", "::%::"])
      expect(addressKey(hostile).split(":").length).toBeLessThan(12);
  });
});
