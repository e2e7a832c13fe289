import type { Binary, Collection, Db, ObjectId } from 'mongodb';

/** Documents that are read column by column, see `row.ts`. */
export interface StoredDocument {
  readonly [column: string]: unknown;
}

/** One document: which store this is, and how many migrations it has had. */
export interface StoreDocument {
  readonly _id: 'store';
  readonly store_id: string;
  readonly lockstep_version: number;
  /** The number of the newest request. */
  readonly requests: number;
}

/**
 * One document per pipeline, which stays when the lease is released (owner null) and when the pipeline is removed: the fence and the numbers
 * go on growing. Every fenced transaction writes it.
 */
export interface LeaseDocument {
  readonly _id: string;
  readonly owner: string | null;
  readonly fence: number;
  readonly duration_ms: number;
  readonly expires_at_ms: number;
  readonly sessions: readonly WritingSession[];
  /** The highest numbers that were given to what this pipeline has. */
  readonly numbers?: Readonly<Partial<Record<Numbered, number>>>;
  readonly newest_letter?: number;
}

/** A server session that writes under the lease's fence, and the last of its transactions that was committed. */
export interface WritingSession {
  readonly id: Binary;
  readonly write: ObjectId | null;
}

export type Numbered = 'letters' | 'runs';

/** Begin with this, so that nothing else in the database is meant. The connector's own state is `lockstep_state`. */
export const prefix = 'lockstep_control_';

export const names = {
  store: `${prefix}store`,
  leases: `${prefix}leases`,
  checkpoints: `${prefix}checkpoints`,
  deadLetters: `${prefix}dead_letters`,
  guards: `${prefix}guards`,
  guardKeys: `${prefix}guard_keys`,
  requests: `${prefix}requests`,
  pauses: `${prefix}pauses`,
  runs: `${prefix}runs`,
  connections: `${prefix}connections`,
} as const;

export interface Collections {
  readonly store: Collection<StoreDocument>;
  readonly leases: Collection<LeaseDocument>;
  readonly checkpoints: Collection<StoredDocument>;
  readonly deadLetters: Collection<StoredDocument>;
  readonly guards: Collection<StoredDocument>;
  readonly guardKeys: Collection<StoredDocument>;
  readonly requests: Collection<StoredDocument>;
  readonly pauses: Collection<StoredDocument & { readonly _id: string }>;
  readonly runs: Collection<StoredDocument>;
  readonly connections: Collection<StoredDocument & { readonly _id: string }>;
}

export const collectionsOf = (db: Db): Collections => ({
  store: db.collection(names.store),
  leases: db.collection(names.leases),
  checkpoints: db.collection(names.checkpoints),
  deadLetters: db.collection(names.deadLetters),
  guards: db.collection(names.guards),
  guardKeys: db.collection(names.guardKeys),
  requests: db.collection(names.requests),
  pauses: db.collection(names.pauses),
  runs: db.collection(names.runs),
  connections: db.collection(names.connections),
});
