import type { Change, Operation } from "./operation.js";

type Test = (value: unknown) => boolean;

const isText: Test = (value) => typeof value === "string";
const isNumber: Test = (value) => typeof value === "number" && Number.isFinite(value);
const isOptional =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);
const isListOf =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test);
const isPairOf =
  (first: Test, second: Test): Test =>
  (value) =>
    Array.isArray(value) && value.length === 2 && first(value[0]) && second(value[1]);

const value: Readonly<Record<string, Test>> = { value: isText, until: isOptional(isNumber) };

const SHAPES: Readonly<Record<Change["op"], Readonly<Record<string, Test>>>> = {
  set: value,
  setnx: value,
  blob: value,
  delete: {},
  incr: { by: (by) => Number.isSafeInteger(by), sent: isOptional(isPairOf(isText, isNumber)) },
  hset: { fields: isListOf(isPairOf(isText, isText)) },
  hdel: { fields: isListOf(isText) },
  zadd: { members: isListOf(isPairOf(isText, isNumber)) },
  zrem: { members: isListOf(isText) },
};

/** Whether a record of a log says what to do: another version of this package may have written it. */
export function isOperation(data: unknown): data is Operation {
  if (typeof data !== "object" || data === null) return false;
  const { op, feature, key, ...rest } = data as Record<string, unknown>;
  if (!isText(feature) || !isText(key) || typeof op !== "string" || !Object.hasOwn(SHAPES, op)) return false;
  return Object.entries(SHAPES[op as Change["op"]]).every(([name, test]) => test(rest[name]));
}
