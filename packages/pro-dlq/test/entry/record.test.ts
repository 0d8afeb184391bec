import { describe, expect, it } from "@jest/globals";
import type { Entry } from "../../src/entry/entry.js";
import { toOperation } from "../../src/entry/operation.js";
import { decodeBody, decodeRecord, decodeState, encodeRecord, encodeState } from "../../src/entry/record.js";

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
    const text = encodeRecord({ group: "3", body: JSON.stringify(body) });
    expect(decodeRecord(text)).toEqual({ group: "3", body: JSON.stringify(body) });
    expect(decodeBody(decodeRecord(text).body)).toEqual(body);
    expect(decodeState(encodeState(state), "pending")).toEqual(state);
  });

  it.each(["", "one line"])("that is %p is refused", (text) => {
    expect(() => decodeRecord(text)).toThrow("it has no body");
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["half of it", JSON.stringify(body).slice(0, 20)],
    ["null", "null"],
    ["an array", "[]"],
    ["a number", "1"],
    ["without a name", JSON.stringify({ ...body, name: 5 })],
    ["without a time", JSON.stringify({ ...body, createdAt: null })],
  ])("whose body is %s is refused", (_, text) => {
    expect(() => decodeBody(text)).toThrow();
  });

  it.each<[string, string]>([
    ["nothing", ""],
    ["half of it", encodeState(state).slice(0, 20)],
    ["null", "null"],
    ["an array", "[]"],
    ["a count that is none", encodeState({ ...state, retryCount: "1" as never })],
    ["a count beyond numbers", encodeState({ ...state, maxRetries: Number.NaN })],
  ])("whose state is %s is refused", (_, text) => {
    expect(() => decodeState(text, "pending")).toThrow();
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
