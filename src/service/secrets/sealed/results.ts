import type { ResolvedReference } from '../../config/resolved-reference.ts';

/** What is sealed and with what, and what comes from the environment and from files: ids and names, never a value. Plain data that survives JSON. */
export interface SecretsResult {
  /** Those that are configured, newest first, then those that are not and hold something. */
  readonly keys: readonly KeyUse[];
  readonly references: readonly ResolvedReference[];
}

export interface KeyUse {
  readonly id: string;
  /** The newest: what is sealed from now on is sealed with it. */
  readonly writes: boolean;
  /** False: what it sealed can't be opened here. */
  readonly configured: boolean;
  /** Of every pipeline in the control store, also of those that are not configured any more. */
  readonly sealed: readonly { readonly pipeline: string; readonly letters: number }[];
  /** Names of the stored connections that it sealed. */
  readonly connections: readonly string[];
}

/** Something sealed that can't be opened: the row of a letter, or a stored connection (the other's words are null). */
export interface Unopened {
  readonly pipeline: string | null;
  readonly letter: number | null;
  readonly connection: string | null;
  readonly reason: 'key-unknown' | 'damaged';
  /** Of a damaged one: null where it does not tell. */
  readonly keyId: string | null;
}

export interface UnopenedCount {
  readonly unopened: number;
  /** The first of them. */
  readonly samples: readonly Unopened[];
}

export interface SecretsVerification extends UnopenedCount {
  readonly opened: number;
}

export interface SecretsRotation extends UnopenedCount {
  /** The key with which all that could be opened is sealed now. */
  readonly keyId: string;
  readonly resealed: number;
  /** Sealed with it before, by an earlier rotation or a running engine. */
  readonly current: number;
  /** Sealed with another key again and again while we rotated: an engine that runs does not know the new key. */
  readonly overtaken: number;
}
