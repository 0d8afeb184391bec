import { describe, expect, it } from "@jest/globals";
import { writeToStderr } from "../../src/spill/stderr.js";

describe("the last link", () => {
  it("writes a line for each record", () => {
    const lines: string[] = [];
    expect(writeToStderr(['{"a":1}', '{"b":\r\n2}'], (text) => void lines.push(text))).toBe(true);
    expect(lines).toEqual(['baldur.dlq.lost {"a":1}\n', 'baldur.dlq.lost {"b": 2}\n']);
  });

  it("answers false, and never throws, where nothing goes out", () => {
    const broken = () => {
      throw new Error("EPIPE");
    };
    expect(writeToStderr(["{}"], broken)).toBe(false);
  });
});
