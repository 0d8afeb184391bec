/** What a request does not say of itself. @public */
export interface RequestInfo {
  /** The other end of the socket. Without it nobody is local. */
  readonly remoteAddress?: string | undefined;
}
