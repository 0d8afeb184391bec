/** One run of a process, as far as it can be told from others with the same pid. */
export interface Owner {
  readonly pid: number;
  /** 8 hex digits of the run, then 8 random ones. */
  readonly nonce: string;
}

/** The name of a file that an absorber may take. */
export interface SpillName {
  readonly owner: Owner;
  /** Where the records begin that nobody took. */
  readonly offset: number;
  readonly claim?: Owner;
}

const OWNER = "(\\d{1,10})-([0-9a-f]{16})";
const NAME = new RegExp(`^${OWNER}(?:\\.(\\d{1,15}))?\\.spill(?:\\.absorbing-${OWNER})?$`);

export function parseName(name: string): SpillName | undefined {
  const [, pid, nonce, offset = "0", claimPid, claimNonce] = NAME.exec(name) ?? [];
  if (pid === undefined || nonce === undefined) return undefined;
  const spill = { owner: { pid: Number(pid), nonce }, offset: Number(offset) };
  if (claimPid === undefined || claimNonce === undefined) return spill;
  return { ...spill, claim: { pid: Number(claimPid), nonce: claimNonce } };
}

export function formatName({ owner, offset, claim }: SpillName): string {
  const rest = offset === 0 ? "" : `.${offset}`;
  const claimed = claim === undefined ? "" : `.absorbing-${formatOwner(claim)}`;
  return `${formatOwner(owner)}${rest}.spill${claimed}`;
}

/** Where the damaged bytes of a file are kept, whatever its present name is. */
export function corruptName(owner: Owner): string {
  return `${formatOwner(owner)}.spill.corrupt`;
}

function formatOwner({ pid, nonce }: Owner): string {
  return `${pid}-${nonce}`;
}

/** The name that the file was written under. */
export function firstName({ owner }: SpillName): string {
  return formatName({ owner, offset: 0 });
}
