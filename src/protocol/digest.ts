import type { Key } from './names.ts';
import type { Selection } from './selection.ts';

/**
 * Hashing at the server, so that equal data is compared without travelling. Rows are put into groups by a hash
 * of their key that does not depend on any order, so two servers that sort differently still agree on groups.
 * Equal means equal in the stored binary form: 1.0 and 1.00 differ.
 */
export interface DigestQuery {
  readonly selection: Selection;
  /** Output columns of the selection that form the key; empty: the whole row is its key. */
  readonly keyColumns: readonly string[];
  /** A power of two; 1: one digest for the whole partition. */
  readonly groups: number;
  /** How each column is hashed, agreed by both sides with `agreeOnDigest`; opaque to the engine. */
  readonly agreement: DigestAgreement;
  readonly signal: AbortSignal;
}

/** Group → digest; groups without rows are absent. */
export type DigestResult = ReadonlyMap<number, Digest>;

export interface Digest {
  readonly rows: number;
  /** The rows' hashes combined without regard to order. */
  readonly hash: bigint;
}

export interface HashedKey {
  readonly key: Key;
  readonly hash: bigint;
}

/**
 * How both servers hash a collection. Made from the target's shape, then proved: each side hashes the same
 * probe values, and an agreement holds only when `probe` comes out equal on both.
 */
export interface DigestAgreement {
  readonly dialect: string;
  /** Output column → method, in the order in which the columns are hashed. */
  readonly columns: readonly { readonly name: string; readonly method: string }[];
}

/** Offered by readers with the `digest` capability. */
export interface DigestNegotiator {
  /** A proposal for these columns (name and stored type), or null when some column can't be hashed at the server. */
  proposeDigest(columns: readonly { readonly name: string; readonly type: string }[]): DigestAgreement | null;
  /** What this server answers to the agreement's probe; equal answers prove that both hash alike. */
  probeDigest(agreement: DigestAgreement, options: { signal: AbortSignal }): Promise<string>;
}
