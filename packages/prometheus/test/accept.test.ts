import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { formatFor } from "../src/accept.js";
import { OPEN_METRICS, TEXT } from "../src/format.js";

const PROMETHEUS_2 =
  "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
const PROMETHEUS_3 =
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.2";
const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("the format for who asks", () => {
  it.each([
    [undefined, TEXT],
    ["", TEXT],
    ["*/*", TEXT],
    [BROWSER, TEXT],
    ["text/plain;version=0.0.4", TEXT],
    [PROMETHEUS_2, OPEN_METRICS],
    [PROMETHEUS_3, OPEN_METRICS],
    ["application/openmetrics-text", OPEN_METRICS],
    ["Application/OpenMetrics-Text; Version=1.0.0; charset=utf-8", OPEN_METRICS],
    ['application/openmetrics-text; version="1.0.0"', OPEN_METRICS],
    ["application/openmetrics-text, */*", OPEN_METRICS],
    ["application/openmetrics-text;q=0.2, text/plain;q=0.7", TEXT],
    ["application/openmetrics-text;q=0.2, */*", TEXT],
    ["application/openmetrics-text;q=0", TEXT],
    ["application/openmetrics-text;q=x", TEXT],
    ["application/openmetrics-text;version=0.0.1", TEXT],
    ["application/openmetrics-text;version=2.0.0", TEXT],
    ["application/vnd.google.protobuf", TEXT],
  ])("%j", (accept, format) => expect(formatFor(accept)).toBe(format));

  it("property: there is one for every header", () => {
    fc.assert(fc.property(fc.string(), (accept) => [TEXT, OPEN_METRICS].includes(formatFor(accept))));
  });
});
