/** A document as it was read. @public */
export interface VersionedDocument {
  /** 1 for the first; every change adds 1. */
  readonly version: number;
  readonly value: unknown;
  /** Wall time in milliseconds. */
  readonly updatedAt: number;
}

/** @public */
export type CompareAndSetResult =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly current?: VersionedDocument };

/**
 * Few small documents that change seldom and that many processes must agree on. Keys are words of letters, digits, `.`,
 * `_` and `-`. Rejects with `AdapterError` when the store cannot be read or written.
 * @public
 */
export interface DocumentStore {
  read(key: string): Promise<VersionedDocument | undefined>;
  /** Writes the value if the document's version is still the expected one (0: there is none). */
  compareAndSet(key: string, expectedVersion: number, value: object): Promise<CompareAndSetResult>;
  /** Tells about every change made by anyone, from now on. */
  watch(key: string, listener: (document: VersionedDocument | undefined) => void): Disposable;
  close(): Promise<void>;
}
