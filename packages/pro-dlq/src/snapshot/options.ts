/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** UTF-8 bytes that the text may have. */
  readonly maxBytes: number;
  /** Whether what lies under this key is a secret. */
  readonly isSensitive: (key: string) => boolean;
  /** Encrypts a secret, so that a replay has it again. Absent: secrets are masked, and gone. */
  readonly seal?: (plain: string) => string;
}
