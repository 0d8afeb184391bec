// What an application would export: policies that are good, and such as have each one thing that a scan should find.
import { protected as guarded } from "@baldur/core";

const fn = async () => "not called by a scan";
const STATUSES = [404];
const classify = (error) => (STATUSES.includes(error.status) ? "ignored" : "failure");

export const careful = guarded("careful", fn, { timeout: 2000, classify });
export const endless = guarded("endless", fn);
export const stacked = guarded("stacked", fn, {
  timeout: 20_000,
  retry: { maxAttempts: 4, baseDelay: 100, attemptTimeout: 1000, jitter: 0 },
});
export const orders = {
  hasty: guarded("hasty", fn, { timeout: 500, retry: { maxAttempts: 3, baseDelay: 1000 } }),
  patient: guarded("patient", fn, { timeout: 60_000, retry: { maxAttempts: 2, baseDelay: 200 } }),
};

export class Mailer {
  static send = guarded("send", fn, { timeout: 1000, dlq: true, bulkhead: "mail", circuitBreaker: false });
  charge() {}
}
Mailer.prototype.charge = guarded("charge", fn, { timeout: 1000, idempotencyKey: () => "id" });

Object.defineProperty(orders, "lazy", {
  enumerable: true,
  get() {
    throw new Error("a getter is not for a scan to call");
  },
});
orders.self = orders;
