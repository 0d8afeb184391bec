import { describe, expect, it } from "@jest/globals";
import type { Entry } from "../../src/entry/entry.js";
import { toOperation } from "../../src/entry/operation.js";
import { decodeBody, decodeRecord, decodeState, encodeRecord } from "../../src/entry/record.js";

const state: Entry["state"] = { status: "pending", retryCount: 0, maxRetries: 2, updatedAt: 1 };
const body: Entry["body"] = {
  id: "i",
  name: "n\nwith a line end",
  domain: "d",
  failureType: "F",
  createdAt: 1,
  expiresAt: 2,
};

describe("a stored entry", () => {
  it("comes back", () => {
    expect(decodeRecord(encodeRecord(state, JSON.stringify(body)))).toEqual({ state, body });
    expect(decodeState(encodeRecord(state, "any text")).body).toBe("any text");
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["one line", JSON.stringify(state)],
    ["half a record", encodeRecord(state, JSON.stringify(body).slice(0, 20))],
    ["no JSON", "abc\ndef"],
    ["null", "null\nnull"],
    ["an array", `[]\n${JSON.stringify(body)}`],
    ["a number", `1\n${JSON.stringify(body)}`],
    ["an unknown status", encodeRecord({ ...state, status: "constructor" as never }, JSON.stringify(body))],
    ["a count that is none", encodeRecord({ ...state, retryCount: "1" as never }, JSON.stringify(body))],
    ["a count beyond numbers", encodeRecord({ ...state, maxRetries: Number.NaN }, JSON.stringify(body))],
    ["no name", encodeRecord(state, JSON.stringify({ ...body, name: 5 }))],
    ["no time", encodeRecord(state, JSON.stringify({ ...body, createdAt: null }))],
  ])("that is %s is refused", (_, text) => {
    expect(() => decodeRecord(text)).toThrow();
  });

  it("that is no entry is no body", () => {
    expect(() => decodeBody("[]")).toThrow("its body is no object");
  });
});

describe("an entry as people see it", () => {
  it("has every field of its kind, empty where nothing was kept", () => {
    expect(toOperation({ state, body })).toEqual({
      id: "i",
      name: body.name,
      domain: "d",
      failureType: "F",
      status: "pending",
      entityRefs: {},
      snapshotData: {},
      errorCode: "",
      errorMessage: "",
      attempts: [],
      retryCount: 0,
      maxRetries: 2,
      requestData: {},
      responseData: {},
      metadata: {},
      resolutionType: "",
      resolutionNote: "",
      nextActionHint: "",
      recommendedAction: "",
      createdAt: new Date(1),
      updatedAt: new Date(1),
      expiresAt: new Date(2),
    });
  });

  it("says what happened to it since", () => {
    const changed: Entry["state"] = {
      ...state,
      lastRetryAt: 3,
      lastError: "down",
      resolvedAt: 4,
      resolvedBy: "ann",
      releasedFromStale: true,
      previousRetries: 2,
      redrives: 1,
      ticketUrl: "https://t",
    };
    const kept = { ...body, masked: ["$.args[0].password"], truncated: true as const, metadata: { own: 1 } };
    expect(toOperation({ state: changed, body: kept })).toMatchObject({
      lastRetryAt: new Date(3),
      resolvedAt: new Date(4),
      resolvedById: "ann",
      metadata: {
        own: 1,
        masked: ["$.args[0].password"],
        truncated: true,
        last_replay_error: "down",
        released_from_stale: true,
        previous_total_retries: 2,
        force_redrive_count: 1,
        ticket_url: "https://t",
      },
    });
  });

  it("bears fields that were cut", () => {
    const cut = { _truncated: true, original_size: 9999, preview: "…" };
    const operation = toOperation({ state, body: { ...body, attempts: cut as never, requestData: cut } });
    expect(operation).toMatchObject({ attempts: [], requestData: cut });
  });
});
