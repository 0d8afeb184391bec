/** On everything: nothing here is for caches, frames, other sites or guesses at types. A route's own header wins. */
const DEFAULTS: readonly [name: string, value: string][] = [
  ["cache-control", "no-store"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
];

export function secured(response: Response): Response {
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers); // a redirect's own cannot be changed
  for (const [name, value] of DEFAULTS) if (!headers.has(name)) headers.set(name, value);
  return new Response(body, { status, statusText, headers });
}
