const JSON_TYPE = "application/json";

/** What a route answered, as a response. Throws for a value that JSON cannot hold. */
export function toResponse(answer: unknown): Response {
  if (answer instanceof Response) {
    if (answer.status === 0) throw new TypeError("the answer is the failure of a fetch");
    return answer;
  }
  if (answer === undefined) return new Response(null, { status: 204 });
  return jsonResponse(answer);
}

/** Numbers that are none are null, as in every JSON. */
export function jsonResponse(value: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const text = JSON.stringify(value);
  if (text === undefined) throw new TypeError("JSON cannot hold the answer");
  return new Response(text, { status, headers: { ...headers, "content-type": JSON_TYPE } });
}
