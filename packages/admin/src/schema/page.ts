import type { AdminFields } from "@baldur/core/plugin";
import type { Route } from "../routes/route.js";

/** The routes as a page without scripts and styles. */
export function docsPage(prefix: string, routes: readonly Route[]): string {
  const rows = routes.map((route) => rowOf(prefix, route)).join("");
  const head = "<tr><th>Route<th>Role<th>What it does<th>Query<th>Body</tr>";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Baldur control API</title><h1>Baldur control API</h1><p>Every request but a public one carries the key in <code>X-Baldur-Admin-Key</code>; every change is JSON. The same for programs: <a href="schema">schema</a>.</p><table border="1">${head}${rows}</table></html>`;
}

function rowOf(prefix: string, { method, path, role, summary = "", query, body }: Route): string {
  const cells = [`${method} ${prefix}${path}`, role, summary, fieldsOf(query), fieldsOf(body)];
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}`).join("")}</tr>`;
}

function fieldsOf(fields: AdminFields = {}): string {
  return Object.entries(fields)
    .map(([name, { required, description }]) => {
      return `${name}${required ? " (needed)" : ""}${description === undefined ? "" : `: ${description}`}`;
    })
    .join("; ");
}

function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
  };
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? "");
}
