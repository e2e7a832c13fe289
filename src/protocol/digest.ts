import type { Key } from './names.ts';
import type { Selection } from './selection.ts';
import type { Column } from './shape.ts';

/**
 * Hashing at the server, so that equal data is compared without travelling; where a server hashes nothing its connector does, and what
 * travels ends there. Rows are put into groups by a hash
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

/** Group → digest; groups without rows are absent. A `Map` is one. */
export interface DigestResult extends Iterable<[group: number, Digest]> {
  get(group: number): Digest | undefined;
}

export interface Digest {
  readonly rows: number;
  /** The rows' hashes combined without regard to order, of 64 bits. */
  readonly hash: bigint;
}

export interface HashedKey {
  readonly key: Key;
  readonly hash: bigint;
  /** Where it was read by groups. */
  readonly group?: number;
}

/**
 * Some rows of a range, by key and hash, in the order of the key, to be taken one after the other: how two sides of one order are compared in
 * one scan of each. Rows stay the bytes that came; only where sides differ is anything made of them. `other` is a page of the other side.
 */
export interface HashPage {
  readonly atEnd: boolean;
  /** Takes the rows that both have in common from here on, key and hash; how many these are. */
  takeCommon(other: HashPage): number;
  /** Of the rows that come next. Below 0: this one's key comes first; 0: it is the same key. */
  compareKeys(other: HashPage): number;
  take(): Key;
}

/**
 * How both servers hash a collection. Made from the target's shape, then proved: each side hashes the same
 * probe values, and an agreement holds only when `probe` comes out equal on both.
 */
export interface DigestAgreement {
  readonly dialect: string;
  /** Groups are noticeably more work than one sum over a partition: that is asked for where everything is probably equal. */
  readonly groupsCost: boolean;
  /** Output column → method, in the order in which the columns are hashed. `nullable` false: it is believed never to be null; a null is hashed all the same. */
  readonly columns: readonly {
    readonly name: string;
    readonly method: string;
    readonly nullable?: boolean;
  }[];
}

/** A column by its stored type. `nullable` absent: not known. */
export type DigestColumn = Pick<Column, 'name' | 'type'> & Partial<Pick<Column, 'nullable'>>;

/** Offered by readers with the `digest` capability. */
export interface DigestNegotiator {
  /** A proposal for these columns, or null when some column can't be hashed at the server. */
  proposeDigest(columns: readonly DigestColumn[]): DigestAgreement | null;
  /** What this server answers to the agreement's probe; equal answers prove that both hash alike. */
  probeDigest(agreement: DigestAgreement, options: { signal: AbortSignal }): Promise<string>;
}

/** Some groups of rows, as a digest with the same `groups` and `agreement` cuts them by `keyColumns`. */
export interface RowGroups extends Pick<DigestQuery, 'keyColumns' | 'groups' | 'agreement'> {
  readonly only: ReadonlySet<number>;
}
