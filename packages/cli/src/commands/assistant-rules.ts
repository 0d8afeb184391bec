/** What assistants that write code are told. */
export const ASSISTANT_RULES = `## Baldur

This application protects its calls with Baldur (\`@baldur/core\`).

- There is one way to protect a call: \`protect(name, fn, options)\`, or \`protected(name, fn, options)\` for a function that is called
  often. Put no retry loop, timer or circuit breaker of your own, and no other library's, around or inside it: attempts multiply.
- Never invent options. All of them are in the type \`ProtectOptions\`; settings are in \`docs/settings.md\`. Durations are milliseconds.
- Pass \`call.signal\` to the client, or give the client a timeout of its own: a timeout of Baldur ends the wait, not the request.
- Ask the human before you choose an idempotency key. It must name the work (an order, a payment), not the attempt: a wrong one does work
  twice, or never.
- Before the application runs in several processes that must agree, there is a Redis (\`BALDUR_REDIS_URL\`) or a Postgres
  (\`BALDUR_SQL_DSN\`): state in the memory of one process is unknown to the others.
- Money stays in the database: a transaction decides what was paid. Baldur decides when to try again.
- A fallback answers what the caller can live with; it hides no failure of a payment.
- \`baldur check-config\` checks the settings and \`baldur scan\` the policies; run both after a change.
`;
