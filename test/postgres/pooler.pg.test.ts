import { expect, test } from 'vitest';
import { type CheckResult, createLockstep, type PipelineConfig } from '../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startTransactionPooler } from '../support/transaction-pooler.ts';

interface Sides extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  check(
    more: Partial<PipelineConfig>,
    urls?: { source?: string; target?: string },
  ): Promise<readonly CheckResult[]>;
  run(urls: { source?: string; target?: string }): Promise<unknown>;
}

async function openSides(): Promise<Sides> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const { path: directory } = opened.use(await temporaryDirectory());
  for (const side of [source, target])
    await side.query('CREATE TABLE t (id int PRIMARY KEY, at timestamptz)');
  await source.query(`INSERT INTO t SELECT n, now() FROM generate_series(1, 500) AS n`);
  const engine = async (more: Partial<PipelineConfig>, urls: { source?: string; target?: string } = {}) =>
    createLockstep(
      {
        pipelines: {
          it: {
            source: { connector: 'postgres', url: urls.source ?? source.url },
            destination: { connector: 'postgres', url: urls.target ?? target.url },
            collections: ['t'],
            retry: { attempts: 2, initialDelayMs: 10 },
            ...more,
          },
        },
      },
      { directory, env: {} },
    );
  const kept = opened.move();
  return {
    source,
    target,
    check: async (more, urls) => {
      await using opening = await engine(more, urls);
      return await opening.check();
    },
    run: async (urls) => {
      await using opening = await engine({}, urls);
      return await opening.run('it');
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const refused = { code: 'postgres-pooled', class: 'configuration', exitCode: 3 };

test.each(['newest', 'oldest'] as const)(
  'a pooler that hands out transactions (%s first) is refused at either side',
  async (takes) => {
    await using sides = await openSides();
    for (const side of ['source', 'target'] as const) {
      await using pooler = await startTransactionPooler(sides[side].url, { takes });
      await expect(sides.check({}, { [side]: pooler.url })).rejects.toMatchObject({
        ...refused,
        message: expect.stringMatching(/one server process answers two|several server processes answer one/),
        cure: expect.stringMatching(/pool_mode = session/),
      });
      await expect(sides.run({ [side]: pooler.url })).rejects.toMatchObject(refused);
    }
    const { rows } = await sides.target.query('SELECT FROM t');
    expect(rows).toEqual([]);
  },
);

test('whoever shares the sessions of such a pooler gets none of our settings', async () => {
  await using sides = await openSides();
  await using pooler = await startTransactionPooler(sides.source.url);
  await expect(sides.check({}, { source: pooler.url })).rejects.toMatchObject(refused);
  const { default: pg } = await import('pg');
  const clients = [1, 2, 3].map(() => new pg.Client({ connectionString: pooler.url }));
  for (const client of clients) {
    await client.connect();
    // A transaction each, so that every session of the pool is seen.
    await client.query('BEGIN');
    expect((await client.query('SHOW search_path')).rows).toEqual([{ search_path: '"$user", public' }]);
    expect((await client.query('SHOW row_security')).rows).toEqual([{ row_security: 'on' }]);
  }
  for (const client of clients) await client.end();
});

test('a pooler that hands out whole sessions is as good as the server itself', async () => {
  await using sides = await openSides();
  await using source = await startTransactionPooler(sides.source.url, { mode: 'session' });
  await using target = await startTransactionPooler(sides.target.url, { mode: 'session' });
  expect(await sides.run({ source: source.url, target: target.url })).toMatchObject({ result: 'equal' });
});

test('capture out of the server’s change stream is refused behind any pooler that passes no replication on', async () => {
  await using sides = await openSides();
  await using pooler = await startTransactionPooler(sides.source.url, { mode: 'session' });
  const capture = { kind: 'logical', slot: sides.source.name } as const;
  const source = { connector: 'postgres', url: pooler.url, capture } as const;
  const [checked] = await sides.check({ mode: 'live', source });
  expect(checked?.ok).toBe(false);
  expect(checked?.findings).toContainEqual({
    level: 'error',
    code: 'postgres-replication-pooled',
    subject: 'source',
    message: expect.stringMatching(/unsupported startup parameter: replication/),
    cure: expect.stringMatching(/source\.url.*triggers/),
  });
  const slots = await sides.source.query(
    'SELECT FROM pg_replication_slots WHERE database = current_database()',
  );
  expect(slots.rows).toEqual([]);
  const byTriggers = { ...source, capture: { kind: 'triggers' } } as const;
  expect(await sides.check({ mode: 'live', source: byTriggers })).toMatchObject([{ ok: true }]);
});
