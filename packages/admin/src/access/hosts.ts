/** Nothing but a name and a port: no user, path, query or space. */
const AUTHORITY = /^[^\s/\\?#@,]+$/;
const LOOPBACK_NAME = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/;
const LOOPBACK_ADDRESS = /^(?:(?:::ffff:)?127(?:\.\d{1,3}){3}|::1)$/i;

/**
 * The host of `LOCALHOST.:9090` or `[0:0::1]:9090` in the one way that it is compared: lower case, without port and trailing
 * dot. Undefined for what names no host.
 */
export function hostName(authority: string): string | undefined {
  return AUTHORITY.test(authority) ? hostOf(`http://${authority}`) : undefined;
}

/** The same of an origin, such as `https://ops.example.com`. */
export function originHost(origin: string): string | undefined {
  return hostOf(origin);
}

/** A name that only this machine answers to. */
export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAME.test(name);
}

/** Whether the other end of a socket is on this machine. One that is unknown is not. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && LOOPBACK_ADDRESS.test(address);
}

/** An address to listen on, as a host is written in a URL. */
export function bindName(bind: string): string | undefined {
  return hostName(bind.includes(":") && !bind.startsWith("[") ? `[${bind}]` : bind);
}

function hostOf(url: string): string | undefined {
  try {
    return new URL(url).hostname.replace(/\.$/, "") || undefined;
  } catch {
    return undefined; // no URL
  }
}
