import { describe, expect, it } from 'vitest';
import { postgresConfigSchema } from '../../../../src/connectors/postgres/config.ts';
import { openPostgresReader } from '../../../../src/connectors/postgres/reader/open-reader.ts';
import type { PostgresReader } from '../../../../src/connectors/postgres/reader/postgres-reader.ts';
import type { Format } from '../../../../src/protocol/chunk.ts';
import type { CollectionPlan } from '../../../../src/protocol/mapping.ts';
import { wholeCollection } from '../../../../src/protocol/partition.ts';
import { holding, never, pipeline } from '../../../conformance/writer/writer-under-test.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { openWriter, planFor } from './destination.ts';

const ddl = `
  CREATE TYPE mood AS ENUM ('sad', 'glad');
  CREATE TABLE items (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code varchar(10) UNIQUE, price numeric(10,2), mood mood,
    tags text[], seen timestamptz, parent int REFERENCES items, twice numeric GENERATED ALWAYS AS (price * 2) STORED);
  INSERT INTO items (code, price, mood, tags, seen, parent)
  SELECT 'c' || n, n * 1.5, 'glad', ARRAY['x', 'y"' || n], timestamptz '2026-01-01 00:00:00Z' + n * interval '1 s', NULLIF(n - 1, 0)
  FROM generate_series(1, 500) n`;
const columns = ['id', 'code', 'price', 'mood', 'tags', 'seen', 'parent'];

interface Pair extends AsyncDisposable {
  readonly destination: TestDatabase;
  readonly reader: PostgresReader;
  readonly plan: CollectionPlan;
}

async function pair(): Promise<Pair> {
  const resources = new AsyncDisposableStack();
  const source = resources.use(await createTestDatabase({ version: 17 }));
  const destination = resources.use(await createTestDatabase({ version: 18 }));
  await source.query(ddl);
  const config = postgresConfigSchema.parse({ connector: 'postgres', url: source.url });
  const context = { pipeline, lanes: 2, signal: never, notice: () => undefined };
  const reader = resources.use(await openPostgresReader(config, context));
  const sourceShape = await reader.describe('public.items', { signal: never });
  if (sourceShape === null) throw new Error('no source');
  const scope = { kind: 'default' } as const;
  const plan = planFor({ target: 'public.items', columns, sourceShape, scope, create: true });
  return { destination, reader, plan, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

async function* read({ reader, plan }: Pair, format: Format) {
  await using snapshot = await reader.snapshot({ signal: never });
  const selection = {
    columns: plan.columns.map(({ target }) => ({ name: target, from: { column: target }, as: null })),
    filter: null,
  };
  yield* snapshot.read(plan.source, wholeCollection(0), { selection, format, signal: never });
}

const summary = `SELECT count(*)::int AS rows, sum(id)::int AS ids, sum(twice)::text AS twice, md5(string_agg(tags::text, ',' ORDER BY id)) AS tags FROM items`;

describe('a target that is made from the source', () => {
  it.each(['pg-copy', 'rows'] as const)(
    'is filled by %s, finished, and merged into without a change',
    async (format) => {
      await using both = await pair();
      const { destination, plan } = both;
      await using writer = await openWriter(destination);
      await writer.attach(holding(1));
      expect((await writer.preview({ plans: [plan], signal: never })).length).toBeGreaterThan(0);
      const target = await writer.open(plan, holding(1));
      expect(target.startedEmpty).toBe(true);
      expect(target.shape.key).toEqual({ columns: ['id'], order: 'int' });
      expect((await target.append(read(both, format), holding(1))).inserted).toBe(500);
      for (const step of ['keys', 'references', 'sequences'] as const) {
        await target.finish({ ...holding(1), step, sourceNow: async () => plan.sourceShape });
      }
      const counts = await target.merge(read(both, format), holding(1));
      expect(counts).toEqual({ inserted: 0, updated: 0, unchanged: 500, clashes: 0 });
      const { rows } = await destination.query(
        `INSERT INTO items (code, parent) VALUES ('new', 1) RETURNING id`,
      );
      expect(rows).toEqual([{ id: 501 }]);
      await expect(destination.query("INSERT INTO items (code, parent) VALUES ('x', 9999)")).rejects.toThrow(
        /foreign key/,
      );
      await expect(destination.query("INSERT INTO items (code) VALUES ('new')")).rejects.toThrow(/unique/);
      expect((await destination.query(summary)).rows[0]).toMatchObject({ rows: 501 });
    },
  );

  it('gets its key first when an earlier process died while it filled it', async () => {
    await using both = await pair();
    const { destination, plan } = both;
    {
      await using writer = await openWriter(destination);
      await writer.attach(holding(1));
      const target = await writer.open(plan, holding(1));
      await target.append(read(both, 'pg-copy'), holding(1));
    }
    const keys = "SELECT FROM pg_index WHERE indrelid = 'items'::regclass AND indisprimary";
    expect((await destination.query(keys)).rowCount).toBe(0);
    await using writer = await openWriter(destination);
    await writer.attach(holding(2));
    const target = await writer.open(plan, holding(2));
    expect(target.startedEmpty).toBe(false);
    expect(target.plan.scope).toEqual({ kind: 'all' });
    expect((await destination.query(keys)).rowCount).toBe(1);
    const counts = await target.merge(read(both, 'rows'), holding(2));
    expect(counts).toEqual({ inserted: 0, updated: 0, unchanged: 500, clashes: 0 });
    await target.finish({ ...holding(2), step: 'keys', sourceNow: async () => plan.sourceShape });
    await expect(destination.query("INSERT INTO items (code) VALUES ('c1')")).rejects.toThrow(/unique/);
  });

  it('whose owner is another one by now is not noted as finished', async () => {
    await using both = await pair();
    const { destination, plan } = both;
    await using writer = await openWriter(destination);
    await writer.attach(holding(1));
    const target = await writer.open(plan, holding(1));
    const keys = { step: 'keys', sourceNow: async () => plan.sourceShape } as const;
    await target.finish({ ...holding(1), ...keys });
    // Nothing is left to be built, so nothing else of it asks for the fence.
    await destination.query('UPDATE lockstep.targets SET filling_started = now()');
    await using newer = await openWriter(destination);
    await newer.attach(holding(2));
    await expect(target.finish({ ...holding(1), ...keys })).rejects.toMatchObject({ code: 'fence-lost' });
    const noted = 'SELECT FROM lockstep.targets WHERE filling_started IS NOT NULL';
    expect((await destination.query(noted)).rowCount).toBe(1);
  });
});
