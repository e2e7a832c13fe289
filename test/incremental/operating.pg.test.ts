import { expect, test } from 'vitest';
import type { CheckResult, Lockstep } from '../../src/index.ts';
import { cursor, openIncremental, touching } from './pair.ts';

const incremental = { mode: 'incremental', create: true } as const;

async function codesOf(engine: Lockstep): Promise<readonly string[]> {
  const [checked] = await engine.check('it');
  return toCodes(checked);
}

const toCodes = (checked: CheckResult | undefined): readonly string[] =>
  (checked?.findings ?? [])
    .map(({ code }) => code)
    .filter((code) => code.startsWith('cursor-') || code.startsWith('incremental-'))
    .sort();

test('check: a column that the database sets, with an index', async () => {
  await using pair = await openIncremental();
  const engine = await pair.engine({ ...incremental, collections: { items: { cursor } } });
  expect(await codesOf(engine)).toEqual(['cursor-guarantee', 'incremental-leaves-deletes']);
  expect(await codesOf(pair.lockstep)).toEqual(['cursor-guarantee', 'incremental-never-compares']);
});

test.each([
  [
    'clients set it',
    'updated_at timestamptz NOT NULL',
    'CREATE INDEX ON items (updated_at)',
    ['cursor-set-by-clients'],
  ],
  [
    'nothing sets it in updates, no index, may be null',
    'updated_at timestamptz DEFAULT CURRENT_TIMESTAMP',
    'SELECT 1',
    ['cursor-nullable', 'cursor-set-by-clients', 'cursor-unindexed'],
  ],
  [
    'an index of some rows, and one of an expression',
    'updated_at timestamptz NOT NULL DEFAULT now()',
    `CREATE INDEX ON items (updated_at) WHERE v IS NOT NULL; CREATE INDEX ON items ((v || 'x'), updated_at); ${touching}`,
    ['cursor-guarantee', 'cursor-unindexed'],
  ],
  [
    'a number for new rows',
    'updated_at bigserial',
    'CREATE INDEX ON items (updated_at DESC)',
    ['cursor-inserts-only', 'cursor-overlap-unfit'],
  ],
  [
    'numbers drawn many at once',
    'updated_at bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 20)',
    'CREATE INDEX ON items (updated_at)',
    ['cursor-inserts-only', 'cursor-overlap-unfit', 'cursor-sequence-cached'],
  ],
  ['a text', 'updated_at text', 'SELECT 1', ['cursor-type-unfit']],
  [
    'no zone',
    'updated_at timestamp NOT NULL',
    'CREATE INDEX ON items (updated_at)',
    ['cursor-set-by-clients', 'cursor-zone-missing'],
  ],
])('check: %s', async (...[, column, more, codes]) => {
  await using pair = await openIncremental();
  await pair.source.query(
    `DROP TABLE items CASCADE; DROP FUNCTION touch; CREATE TABLE items (id int PRIMARY KEY, v text, ${column}); ${more}`,
  );
  expect(await codesOf(pair.lockstep)).toEqual([...codes, 'incremental-never-compares'].sort());
});

test('check: a role that may not see others’ transactions, a column that may not be read', async () => {
  await using pair = await openIncremental();
  const role = await pair.source.createRole();
  await pair.source.query(`GRANT SELECT (id, v) ON items TO ${role}`);
  const engine = await pair.engine(
    { ...incremental, collections: { items: { cursor, exclude: ['updated_at'] } } },
    { source: { connector: 'postgres', url: pair.source.urlFor({ user: role }) } },
  );
  expect(await codesOf(engine)).toEqual([
    'cursor-guarantee',
    'cursor-open-unseen',
    'incremental-leaves-deletes',
  ]);
  const [checked] = await engine.check('it');
  expect(checked?.findings.find(({ code }) => code === 'permission-denied')?.cure).toContain('updated_at');
});

test('check: the zone, and a column that is not there', async () => {
  await using pair = await openIncremental();
  await pair.source.query('ALTER TABLE items ALTER updated_at TYPE timestamp');
  const zone = await pair.engine({
    ...incremental,
    collections: { items: { cursor: { ...cursor, timeZone: 'Europe/Nowhere' } } },
  });
  expect(await codesOf(zone)).toContain('cursor-zone-unknown');
  const column = await pair.engine({
    ...incremental,
    collections: { items: { cursor: { column: 'updatedat' } } },
  });
  const [checked] = await column.check('it');
  expect(checked?.findings.find(({ code }) => code === 'column-unknown')?.message).toContain('updated_at');
});

test('plan says what a run would read, and what it would leave', async () => {
  await using pair = await openIncremental();
  await pair.source.query(`DELETE FROM items WHERE id = 1; UPDATE items SET v = 'new' WHERE id = 2`);
  expect(await pair.lockstep.plan('it')).toMatchObject({
    extents: [{ collection: 'public.items', reads: 'since' }],
    collections: [{ update: 1, leave: 1 }],
  });
  const other = await pair.engine({ ...incremental, collections: { items: { cursor, filter: 'id > 2' } } });
  expect(await other.plan('it')).toMatchObject({ extents: [{ reads: 'all', why: 'gap' }] });
  expect(await pair.lockstep.run('it'), 'plan has changed nothing').toMatchObject({
    extents: [{ reads: 'since' }],
  });
});

test('status says where the cursors are and when both sides were compared; history says which run did it', async () => {
  await using pair = await openIncremental();
  await pair.source.query(`SELECT pg_sleep(1.1); UPDATE items SET v = 'new' WHERE id = 2`);
  await pair.lockstep.run('it');
  const [status] = await pair.lockstep.status('it');
  expect(status).toMatchObject({
    mode: 'incremental',
    status: 'idle',
    incremental: {
      cursors: [{ collection: 'public.items', at: expect.stringMatching(/^\d{4}-.*Z$/), waitsFor: null }],
      nextComparisonAtMs: null,
    },
  });
  expect(status?.provenAtMs).toBe(status?.incremental?.comparedAtMs);
  expect((await pair.lockstep.runs('it')).runs).toMatchObject([{ extent: 'since' }, { extent: 'all' }]);
  const daily = await pair.engine({ ...incremental, collections: { items: { cursor } } });
  const [due] = await daily.status('it');
  expect(due?.incremental?.nextComparisonAtMs).toBeGreaterThan(Date.now());
});

test('by a schedule: passes follow each other, some of them compare', { timeout: 60_000 }, async () => {
  await using pair = await openIncremental();
  const engine = await pair.engine({
    ...incremental,
    collections: { items: { cursor } },
    schedule: { every: '1s' },
    comparison: { every: '3s' },
  });
  const stopping = new AbortController();
  const running = engine.start('it', { signal: stopping.signal });
  await pair.source.query(`DELETE FROM items WHERE id = 1; UPDATE items SET v = 'new' WHERE id = 2`);
  await expect.poll(() => pair.expectSame('items').catch(() => 0), { timeout: 20_000 }).toBe(9);
  await expect
    .poll(async () => new Set((await engine.runs('it')).runs.map(({ extent }) => extent)), {
      timeout: 20_000,
    })
    .toEqual(new Set(['since', 'all']));
  stopping.abort(new Error('enough'));
  await running;
  expect((await engine.status('it'))[0]?.scheduled).toMatchObject({ failuresInARow: 0 });
});

test('a removed pipeline begins anew', async () => {
  await using pair = await openIncremental({ collections: { items: { cursor, scope: 'all' } } });
  expect((await pair.lockstep.remove('it')).left).toEqual([]);
  expect(await pair.lockstep.run('it')).toMatchObject({ extents: [{ reads: 'all', why: 'first' }] });
  expect(await pair.lockstep.verify('it')).toMatchObject({ equal: true });
});
