/** A plugin as an operator sees it. @public */
export interface PluginRow {
  readonly name: string;
  /** "inert": installed, but not entitled to run. */
  readonly status: "active" | "inert" | "failed";
  readonly reason?: string;
  /** It runs with an entitlement only. */
  readonly licensed?: boolean;
  /** Areas of its settings. */
  readonly areas?: readonly string[];
}
