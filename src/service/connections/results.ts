/** Connections as they may be shown. Plain data that survives JSON. */
export interface ConnectionList {
  /** By name. */
  readonly connections: readonly ListedConnection[];
}

export interface ListedConnection {
  readonly name: string;
  /** Null: it can't be opened, or nobody knows such URLs any more. */
  readonly connector: string | null;
  /** With user, host and database, and without secrets: `postgres://app@db.example:5432/shop`. Null: as before. */
  readonly address: string | null;
  /** Which key sealed it; null: what is stored does not tell. */
  readonly keyId: string | null;
  /** Why it can't be opened; null: it can. */
  readonly withheld: 'key-unknown' | 'damaged' | null;
  readonly savedAtMs: number;
  /** Pipelines of the configuration that refer to it. */
  readonly usedBy: readonly string[];
}

export interface SavedConnection {
  readonly name: string;
  readonly connector: string;
  readonly address: string;
  readonly keyId: string | null;
  readonly savedAtMs: number;
  /** There was one of this name. */
  readonly replaced: boolean;
}

export interface ConnectionTest {
  readonly name: string;
  readonly connector: string;
  readonly address: string;
  /** What the server says of itself: `PostgreSQL 18.4, database shop`. */
  readonly server: string;
  /** From the first packet to that answer. */
  readonly milliseconds: number;
}

export interface RemovedConnection {
  readonly name: string;
}
