const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;
const GROUPS = 8;
/** Of an IPv6 address: what a provider gives to one customer. */
const NETWORK_GROUPS = 4;

/**
 * Whose budget an address uses: an IPv4 address its own, an IPv6 address that of its /64, for anyone who has one address has
 * all of them.
 */
export function addressKey(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const mapped = MAPPED.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(":") ? `${network(address)}::/64` : address;
}

function network(address: string): string {
  const [bare = ""] = address.toLowerCase().split("%");
  const [head = "", tail] = bare.split("::");
  const left = groups(head);
  const zeros = tail === undefined ? 0 : GROUPS - left.length - groups(tail).length;
  const all = [...left, ...Array<string>(Math.max(0, zeros)).fill("0"), ...groups(tail ?? "")];
  return all
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

function groups(part: string): string[] {
  return part === "" ? [] : part.split(":");
}
