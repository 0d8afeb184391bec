const END = "\r\n";

/** A command as Redis reads it. */
export function encode(words) {
  const bulk = words.map(String).map((word) => `$${Buffer.byteLength(word)}${END}${word}${END}`);
  return `*${words.length}${END}${bulk.join("")}`;
}

/** The whole answers in these bytes, each a string, a number, null, an array of such, or an `Error`. */
export function decodeAll(bytes) {
  const answers = [];
  for (let next = decode(bytes, 0); next !== undefined; next = decode(bytes, next.end))
    answers.push(next.value);
  return answers;
}

/** The answer that begins at `at` and where it ends; nothing when it goes on after these bytes. */
function decode(bytes, at) {
  const after = bytes.indexOf(END, at);
  if (after === -1) return undefined;
  const head = bytes.toString("utf8", at, after);
  const [kind, rest, end] = [head[0], head.slice(1), after + END.length];
  if (kind === "+") return { value: rest, end };
  if (kind === "-") return { value: new Error(rest), end };
  if (kind === ":") return { value: Number(rest), end };
  if (rest === "-1") return { value: null, end };
  if (kind === "$") return bulk(bytes, end, Number(rest));
  if (kind === "*") return array(bytes, end, Number(rest));
  throw new Error(`Redis answered ${head}`);
}

function bulk(bytes, start, length) {
  const end = start + length + END.length;
  if (end > bytes.length) return undefined;
  return { value: bytes.toString("utf8", start, start + length), end };
}

function array(bytes, start, length) {
  const value = [];
  let end = start;
  while (value.length < length) {
    const next = decode(bytes, end);
    if (next === undefined) return undefined;
    value.push(next.value);
    end = next.end;
  }
  return { value, end };
}
