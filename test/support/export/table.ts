import pg from 'pg';
import { type ExportPlan, planExport, type TableSource } from './columns.ts';

export type { TableSource } from './columns.ts';

export interface ExportedValue {
  /** As the server prints it; null is SQL's NULL. */
  readonly text: string | null;
  /** SHA-256 of the binary send form in hex: tells apart what the text or `=` does not. */
  readonly sha256: string | null;
}

export interface ExportedRow {
  /** The ordering columns as text: the key's, or all where there is none. */
  readonly order: readonly (string | null)[];
  readonly values: ReadonlyMap<string, ExportedValue>;
}

export interface TableExport extends AsyncDisposable {
  readonly columns: readonly string[];
  readonly key: readonly string[];
  readonly rows: AsyncGenerator<ExportedRow, void, undefined>;
}

const fetchRows = 2_000;

// Text output depends on these; the judge's must be the same on both sides.
const session = `
  BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
  SET LOCAL search_path = public;
  SET LOCAL timezone = 'UTC';
  SET LOCAL datestyle = 'ISO, YMD';
  SET LOCAL intervalstyle = 'postgres';
  SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = 'hex';
  SET LOCAL row_security = off;
  SET LOCAL client_encoding = 'UTF8'`;

/** Reads a whole table in one snapshot, in an order that does not depend on the server's collations. */
export async function exportTable(source: TableSource): Promise<TableExport> {
  const { client, release } = await clientFor(source);
  try {
    await client.query(session);
    const plan = await planExport(client, source);
    await client.query(`DECLARE exported NO SCROLL CURSOR FOR ${statementOf(plan)}`);
    return {
      columns: plan.columns.map(({ name }) => name),
      key: plan.key,
      rows: rowsOf(client, plan),
      [Symbol.asyncDispose]: release,
    };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

async function clientFor({ url, client: given }: TableSource): Promise<{
  readonly client: pg.ClientBase;
  readonly release: () => Promise<void>;
}> {
  if (given !== undefined) {
    const release = async (): Promise<void> => {
      await given.query('ROLLBACK');
    };
    return { client: given, release };
  }
  const client = new pg.Client({ connectionString: url, application_name: 'independent export' });
  client.on('error', () => {}); // a lost connection is seen by the query that needs it
  await client.connect();
  return { client, release: () => client.end() };
}

function statementOf({ from, columns, key }: ExportPlan): string {
  const all = columns.map(({ name }) => name);
  const order = key.length > 0 ? key : all;
  const values = columns.map(({ name }) => `exported.${pg.escapeIdentifier(name)}`);
  const hashes = columns.map(({ name, send }) =>
    send === undefined
      ? 'NULL'
      : `encode(sha256(${send.replace('%s', () => `exported.${pg.escapeIdentifier(name)}`)}), 'hex')`,
  );
  const orderTexts = order.map((name) => `exported.${pg.escapeIdentifier(name)}::text COLLATE "C"`);
  const hashPositions = hashes.map((_, index) => values.length + index + 1);
  // Rows whose texts are the same still need one order on both sides: their hashes give it.
  const ordering = [
    ...orderTexts.map((text) => `${text} NULLS FIRST`),
    ...(key.length > 0 ? [] : hashPositions),
  ];
  const ordered = ordering.length === 0 ? '' : ` ORDER BY ${ordering.join(', ')}`;
  return `SELECT ${[...values, ...hashes, ...orderTexts].join(', ')} FROM ${from} AS exported${ordered}`;
}

async function* rowsOf(
  client: pg.ClientBase,
  { columns, key }: ExportPlan,
): AsyncGenerator<ExportedRow, void, undefined> {
  const count = columns.length;
  const fetchStatement = {
    text: `FETCH ${fetchRows} FROM exported`,
    rowMode: 'array' as const,
    types: { getTypeParser: () => (text: string) => text }, // the server's own text, not the driver's idea of it
  };
  for (;;) {
    const batch = await client.query<(string | null)[]>(fetchStatement);
    for (const row of batch.rows) {
      const value = (index: number) => ({ text: row[index] ?? null, sha256: row[count + index] ?? null });
      yield {
        order: row.slice(2 * count, 2 * count + (key.length > 0 ? key.length : count)),
        values: new Map(columns.map(({ name }, index) => [name, value(index)])),
      };
    }
    if (batch.rows.length < fetchRows) return;
  }
}
