/** One event of a stream. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  readonly id?: string;
}

/** Characters of one event that are kept: nothing that Baldur tells is as long. */
const LONGEST = 1_000_000;

/** The events of a stream, as the standard has them cut it. Ends with the stream. */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void,
): AsyncGenerator<ServerSentEvent> {
  const reader = body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
      rest = (blocks.pop() ?? "").slice(0, LONGEST);
      for (const block of blocks) {
        const event = eventOf(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Undefined for a comment. */
function eventOf(block: string): ServerSentEvent | undefined {
  const fields = block.split("\n").filter((line) => !line.startsWith(":") && line.includes(":"));
  const values = (name: string): string[] =>
    fields
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ""));
  const data = values("data");
  if (data.length === 0) return undefined;
  const id = values("id").at(-1);
  return {
    event: values("event").at(-1) ?? "message",
    data: data.join("\n"),
    ...(id !== undefined && { id }),
  };
}
