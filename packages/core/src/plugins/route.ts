/** What a request to a plugin's route carries, once it is allowed. @public */
export interface AdminRequest {
  /** The path's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON of the body; undefined when there is none. */
  readonly body: unknown;
  /** Who asks, as far as the server knows. */
  readonly actor: string;
}

/** What one field of a body, or one parameter of a query, must be: a part of JSON Schema. @public */
export type AdminField = { readonly description?: string; readonly required?: boolean } & (
  | {
      readonly type: "string";
      readonly minLength?: number;
      readonly maxLength?: number;
      readonly enum?: readonly string[];
    }
  | { readonly type: "integer"; readonly minimum?: number; readonly maximum?: number }
  | { readonly type: "boolean"; readonly const?: boolean }
  | { readonly type: "array"; readonly items: AdminField; readonly maxItems?: number }
  | { readonly type: "object" }
  | { readonly anyOf: readonly AdminField[] }
);

/** Fields by name. @public */
export type AdminFields = Readonly<Record<string, AdminField>>;

/** A route of the control API. @public */
export interface AdminRoute {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the API's prefix, with parameters in braces: `/dlq/{id}`. */
  readonly path: string;
  /** The least that the one who asks must be. "admin" needs the server unlocked too. */
  readonly role: "public" | "viewer" | "operator" | "admin";
  /** One line for people. */
  readonly summary?: string;
  /** The parameters that the query may hold. Declared, others are refused; undeclared, the handler checks them. */
  readonly query?: AdminFields;
  /** The same for the fields of the body. */
  readonly body?: AdminFields;
  /** Answers with JSON, or with a `Response` of its own. */
  readonly handler: (request: AdminRequest) => unknown;
}
