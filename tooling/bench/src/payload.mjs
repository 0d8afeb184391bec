const NOTE =
  "customer asked for a call before delivery; leave at the door of the neighbour if no one answers";

/** The arguments of one failed call: about 250 bytes of JSON, no two alike. */
export const payload = (index) => ({
  order: 1_000_000 + index,
  customer: `c-${index % 5000}`,
  amount: 10 + (index % 9000) / 100,
  currency: "EUR",
  method: "card",
  address: "12 Mill Lane",
  lines: [{ sku: `sku-${index % 300}`, count: 2 }],
  note: NOTE,
});
