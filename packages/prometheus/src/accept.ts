import { type Format, OPEN_METRICS, TEXT } from "./format.js";

const OPEN_METRICS_TYPE = "application/openmetrics-text";
/** What a text page answers, the most exact first. */
const TEXT_TYPES: readonly string[] = ["text/plain", "text/*", "*/*"];
const VERSION = /^"?1\.\d+(?:\.\d+)?"?$/;

interface Range {
  readonly type: string;
  readonly version: string | undefined;
  readonly quality: number;
}

/** The format for an Accept header: OpenMetrics only for who asks for it by name, and wants nothing else more. */
export function formatFor(accept: string | undefined): Format {
  const ranges = (accept ?? "").split(",").map(range);
  const wanted = ranges.filter(
    ({ type, version }) => type === OPEN_METRICS_TYPE && VERSION.test(version ?? "1.0.0"),
  );
  const openMetrics = Math.max(0, ...wanted.map(({ quality }) => quality));
  const text = TEXT_TYPES.map((type) => ranges.find((candidate) => candidate.type === type)).find(Boolean);
  return openMetrics > 0 && openMetrics >= (text?.quality ?? 0) ? OPEN_METRICS : TEXT;
}

function range(text: string): Range {
  const [type = "", ...parameters] = text.split(";").map((part) => part.trim().toLowerCase());
  const { q = "1", version } = Object.fromEntries(parameters.map((parameter) => parameter.split("=", 2)));
  const quality = Number(q);
  return { type, version, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
