import type { PgTable } from '../catalog/pg-table.ts';
import { qualified, quoteIdentifier } from '../names.ts';

/** Statements for the server to take apart and not to run. What the user wrote is closed off by a line break: it may end in a comment. */

export const withPredicate = (table: PgTable, predicate: string): string =>
  `SELECT FROM ${qualified(table)} WHERE ((${predicate}\n) IS TRUE)`;

export const withSet = (table: PgTable, set: readonly (readonly [string, string])[]): string =>
  `UPDATE ${qualified(table)} SET ${set.map(([column, expression]) => `${quoteIdentifier(column)} = (${expression}\n)`).join(', ')}`;

/** Beside the value that stays where nothing was cleared: the two must be of one type. */
export const withClear = (table: PgTable, clear: readonly (readonly [string, string])[]): string => {
  const sets = clear.map(([column, expression]) => {
    const name = quoteIdentifier(column);
    return `${name} = CASE WHEN TRUE THEN (${expression}\n) ELSE ${qualified(table)}.${name} END`;
  });
  return `UPDATE ${qualified(table)} SET ${sets.join(', ')}`;
};

/** As the one that a configured statement works on, without a key in it. */
export const emptyLeaving = (table: PgTable, key: readonly string[]): string =>
  `CREATE TEMP TABLE leaving ON COMMIT DROP AS
SELECT ${key.map((column) => `${qualified(table)}.${quoteIdentifier(column)}`).join(', ')} FROM ${qualified(table)} WITH NO DATA`;
