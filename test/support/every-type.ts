import { everyColumn, type SampleColumn, userTypes } from './every-type/columns.ts';

export { baseValues, unenterable } from './every-type/base-values.ts';

/** Anything that runs SQL: a test database. */
export interface Runner {
  readonly version: number;
  query(sql: string): Promise<unknown>;
}

export interface EveryType {
  readonly schema: string;
  /** Has the primary key `id`. */
  readonly table: string;
  readonly columns: readonly SampleColumn[];
  readonly rows: number;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/**
 * Makes a schema with a table that has every base type, its array, and user types of every kind, in rows that hold
 * each sample value at least once; the last but one row is null wherever it may be, the last one is all defaults.
 */
export async function createEveryType(db: Runner, schema = 'Every "type"'): Promise<EveryType> {
  const sql = quoted(schema);
  const table = 'All. of them';
  const columns = everyColumn(sql, db.version);
  const lines = columns.map(({ name, type, suffix }) => `${quoted(name)} ${type}${suffix}`);
  await db.query(`CREATE SCHEMA ${sql}`);
  await db.query(userTypes(sql));
  await db.query(`CREATE TABLE ${sql}.${quoted(table)} (id bigint PRIMARY KEY, ${lines.join(', ')})`);
  const given = columns.filter(({ values }) => values.length > 0);
  const count = Math.max(...given.map(({ values }) => values.length));
  for (let row = 1; row <= count; row += 1) await db.query(insertRow(`${sql}.${quoted(table)}`, given, row));
  await db.query(`INSERT INTO ${sql}.${quoted(table)} (id, "domain of numeric") VALUES (${count + 1}, 0.01)`);
  await db.query(`INSERT INTO ${sql}.${quoted(table)} (id) VALUES (${count + 2})`);
  return { schema, table, columns, rows: count + 2 };
}

/** Each column starts at another of its values, so that rows are no mere copies of each other. */
function insertRow(table: string, columns: readonly SampleColumn[], row: number): string {
  const values = columns.map(({ values: samples }, index) => samples[(row + index) % samples.length]);
  const names = columns.map(({ name }) => quoted(name));
  return `INSERT INTO ${table} (id, ${names.join(', ')}) SELECT ${row}, ${values.join(', ')}`;
}
