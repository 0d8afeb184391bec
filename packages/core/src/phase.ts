/** How far a runtime is on its way out. @public */
export type Phase = "running" | "draining" | "terminating" | "terminated";
