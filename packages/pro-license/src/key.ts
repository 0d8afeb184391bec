/** A key that licences may be signed with. */
export interface PinnedKey {
  readonly kid: string;
  /** 32 bytes in base64. */
  readonly publicKey: string;
  /** Retired: it only verifies licences issued on this day or before, YYYY-MM-DD. */
  readonly notAfter?: string;
}
