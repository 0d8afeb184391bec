// node idle-clients.mjs <port> <count>: connects so often, asks nothing, and says `connected` and `closed` when that is true of all.
import { once } from "node:events";
import { connect } from "node:net";

const [port, count] = process.argv.slice(2).map(Number);
const AT_A_TIME = 100;
const closed = [];

for (let made = 0; made < count; made += AT_A_TIME) {
  const batch = Array.from({ length: Math.min(AT_A_TIME, count - made) }, () =>
    connect(port, "127.0.0.1").resume(),
  );
  closed.push(...batch.map((socket) => once(socket, "close")));
  await Promise.all(batch.map((socket) => once(socket, "connect")));
}
process.stdout.write("connected\n");
await Promise.any(closed);
process.stdout.write("the first is closed\n");
await Promise.all(closed);
process.stdout.write("closed\n");
