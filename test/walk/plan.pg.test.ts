import { expect, test } from 'vitest';
import { planText } from '../../src/cli/render/plan.ts';
import type { Lockstep } from '../../src/index.ts';
import { openPair, type Pair } from './pair.ts';

/** Tables of every kind: with rows that differ, equal, empty at the target, missing there, without a key. */
async function tables(pair: Pair): Promise<void> {
  await pair.both(`CREATE TABLE differs (id int PRIMARY KEY, v text); CREATE TABLE other (id int PRIMARY KEY, v text);
    CREATE TABLE same (id int PRIMARY KEY, v text); CREATE TABLE hollow (id int PRIMARY KEY, v text);
    CREATE TABLE heap (v text); INSERT INTO same VALUES (1, 'a')`);
  await pair.source.query(`CREATE TABLE missing (id int PRIMARY KEY); INSERT INTO missing VALUES (1);
    INSERT INTO differs VALUES (1, 'new'); INSERT INTO other VALUES (1, 'new'); INSERT INTO hollow VALUES (1, 'new');
    INSERT INTO heap VALUES ('new')`);
  await pair.target.query(
    `INSERT INTO differs VALUES (1, 'old'); INSERT INTO other VALUES (1, 'old'); INSERT INTO heap VALUES ('old')`,
  );
}

const scope = 'all';
const collections = {
  differs: { scope },
  other: { scope, swap: false },
  same: { scope },
  hollow: { scope },
  missing: { scope },
} as const;

const planned = async (engine: Lockstep) =>
  Object.fromEntries(
    (await engine.plan('it')).collections.map(({ source, comesIn }) => [
      source.replace('public.', ''),
      comesIn,
    ]),
  );

const copied = { by: 'copy', reason: 'its target has no rows yet, so nobody reads it' };

test('plan says what would be swapped, what would come in by its differences, and why; the run does so', async () => {
  await using pair = await openPair();
  await tables(pair);
  const engine = await pair.engine({ collections, create: true, refresh: { by: 'swap' } });
  expect(await planned(engine)).toEqual({
    differs: { by: 'swap', reason: '`refresh.by` is `swap`' },
    other: { by: 'differences', reason: '`swap` of the collection is false' },
    same: null,
    hollow: copied,
    missing: copied,
  });
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  const [generation] = (await engine.generations('it')).generations;
  const cameIn = generation?.collections
    .filter(({ inserted, updated }) => (inserted ?? 0) + (updated ?? 0) > 0)
    .map(({ collection, by }) => [collection, by]);
  expect(cameIn).toEqual(
    expect.arrayContaining([
      ['public.differs', 'swap'],
      ['public.other', 'staged'],
    ]),
  );
  expect(cameIn).toHaveLength(2);
  expect(Object.values(await planned(engine))).toEqual([null, null, null, null, null]);
});

test('of other settings, plan says so too', async () => {
  await using pair = await openPair();
  await tables(pair);
  const heap = { scope } as const;
  const only = { differs: { scope, swap: true }, other: { scope }, heap } as const;
  expect(await planned(await pair.engine({ collections: only }))).toEqual({
    differs: { by: 'swap', reason: '`swap` of the collection is true' },
    other: { by: 'differences', reason: '`refresh.by` is `staged`' },
    heap: { by: 'whole', reason: 'it has no key by which rows could be told apart' },
  });
  const direct = await pair.engine({ collections: { other: { scope }, heap }, refresh: { by: 'direct' } });
  const reason = '`refresh.by` is `direct`';
  expect(await planned(direct)).toEqual({ other: { by: 'direct', reason }, heap: { by: 'direct', reason } });
});

test('keys that rows of others have are no equality, though a run writes nothing', async () => {
  await using pair = await openPair();
  await pair.both('CREATE TABLE notes (id int PRIMARY KEY, v text, whose text)');
  await pair.source.query(`INSERT INTO notes VALUES (1, 'a', 'ours'), (2, 'b', 'ours')`);
  await pair.target.query(`INSERT INTO notes VALUES (1, 'a', 'ours'), (2, 'theirs', 'theirs')`);
  const engine = await pair.engine({ collections: { notes: { scope: { where: `whose = 'ours'` } } } });
  expect(await engine.run('it')).toMatchObject({ result: 'pending' });
  const plan = await engine.plan('it');
  expect(plan).toMatchObject({
    inStep: false,
    steps: [],
    collections: [{ insert: 0, update: 0, leave: 0, unchanged: 1, clashes: 1 }],
  });
  expect(planText(plan)[0]).toMatch(
    /^it: a run would change nothing, and leave both sides different: .*clashes/,
  );
  expect(await engine.verify('it')).toMatchObject({ equal: false, collections: [{ clashes: 1 }] });
});
