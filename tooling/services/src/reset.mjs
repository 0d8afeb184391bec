/** Cuts a connection off, with a reset where that can be sent: not before it is made, nor while its end waits to be sent. */
export function reset(socket) {
  const isEnding = socket.writableEnded && !socket.writableFinished;
  if (socket.connecting || isEnding) socket.destroy();
  else socket.resetAndDestroy();
}
