/**
 * Which history a server tells: PostgreSQL system identifier and timeline, a replica set's id, a log's epoch.
 * Positions and unfinished work are only meaningful together with the identity they were made under.
 */
export interface SourceIdentity {
  /** The connector, e.g. `postgres`. */
  readonly connector: string;
  /** Names the history, e.g. `7412345678901234567/shop`. */
  readonly id: string;
  /** For people: `PostgreSQL 18.4, database shop`. Never an address with a password. */
  readonly label: string;
}
