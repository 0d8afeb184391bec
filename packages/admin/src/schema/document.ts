import { VERSION } from "@baldur/core";
import type { AdminField, AdminFields } from "@baldur/core/plugin";
import { isMutation, type Route } from "../routes/route.js";

type Schema = Readonly<Record<string, unknown>>;

const PROBLEM: Schema = {
  type: "object",
  required: ["type", "title", "status", "detail"],
  properties: {
    type: { type: "string" },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    code: { type: "string", description: "stable, for programs" },
    field: { type: "string", description: "the field of the request that is wrong" },
    rule: { type: "string", description: "what it must be" },
    received: { description: "what it is, in short" },
  },
};

/** The routes in OpenAPI 3.1. */
export function openApi(prefix: string, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Baldur control API", version: VERSION },
    servers: [{ url: prefix === "" ? "/" : prefix }],
    paths,
    components: {
      securitySchemes: { key: { type: "apiKey", in: "header", name: "X-Baldur-Admin-Key" } },
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: "a problem (RFC 9457)",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
    },
  };
}

function operationOf(route: Route): object {
  const { path, role, summary, query, body } = route;
  const isPublic = role === "public";
  return {
    operationId: operationId(route),
    tags: [path.split("/")[1] || "console"],
    summary,
    "x-baldur-role": role,
    security: isPublic ? [] : [{ key: [] }],
    parameters: [...pathParameters(path), ...queryParameters(query ?? {})],
    ...(isMutation(route) && { requestBody: requestBody(body) }),
    responses: { "200": { description: "OK" }, default: { $ref: "#/components/responses/Problem" } },
  };
}

function operationId({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter(Boolean);
  return [method.toLowerCase(), ...words].join("_");
}

function pathParameters(path: string): object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: AdminFields): object[] {
  return Object.entries(query).map(([name, field]) => ({
    name,
    in: "query",
    required: field.required ?? false,
    description: field.description,
    schema: schemaOf(field),
  }));
}

/** What a route does not declare it checks by itself. */
function requestBody(body: AdminFields | undefined): object {
  const fields = Object.entries(body ?? {});
  const required = fields.filter(([, field]) => field.required).map(([name]) => name);
  const properties = Object.fromEntries(fields.map(([name, field]) => [name, schemaOf(field)]));
  const schema = { type: "object", properties, required, additionalProperties: body === undefined };
  return { required: required.length > 0, content: { "application/json": { schema } } };
}

function schemaOf({ required: _, ...field }: AdminField): Schema {
  if ("anyOf" in field) return { ...field, anyOf: field.anyOf.map(schemaOf) };
  return field.type === "array" ? { ...field, items: schemaOf(field.items) } : field;
}
