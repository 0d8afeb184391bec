import { defineGauge, type MetricDefinition } from "../telemetry/metric.js";

export const entitlementStatus: MetricDefinition<"gauge"> = defineGauge("baldur_entitlement_status", {
  help: "0 missing, 1 invalid or expired, 2 active; absent while no plugin needs an entitlement",
  across: "min",
});

export const entitlementExpiryDays: MetricDefinition<"gauge"> = defineGauge(
  "baldur_entitlement_expiry_days",
  {
    help: "days until the last day of the entitlement, negative once it is past; absent when unknown",
    across: "min",
    signed: true,
  },
);
