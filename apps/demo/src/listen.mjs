const ATTEMPTS = 50;
const WAIT = 100;

/** After a kill somebody else may hold the port for a moment. */
export function listen(server, port, onListening) {
  let attempts = ATTEMPTS;
  const bind = () => server.listen(Number(port), "127.0.0.1");
  server.on("error", (error) => {
    attempts -= 1;
    if (error.code !== "EADDRINUSE" || attempts === 0) throw error;
    setTimeout(bind, WAIT);
  });
  server.once("listening", () => onListening(server.address().port));
  bind();
}
