/** Starts several servers at once; when one fails, the others are stopped before its error is thrown. */
export async function startTogether(starts) {
  const results = await Promise.allSettled(starts.map((start) => start()));
  const failed = results.find(({ status }) => status === "rejected");
  const servers = results.flatMap(({ value }) => (value === undefined ? [] : [value]));
  if (failed === undefined) return servers;
  await stopTogether(servers);
  throw failed.reason;
}

export async function stopTogether(servers) {
  await Promise.all(servers.map((server) => server.stop()));
}

/** Does something with servers that were started; when that fails they are stopped. */
export async function orStop(servers, work) {
  try {
    return await work();
  } catch (error) {
    await stopTogether(servers);
    throw error;
  }
}
