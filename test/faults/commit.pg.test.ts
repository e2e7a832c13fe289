import { expect, test } from 'vitest';
import { tableDigest } from '../support/export.ts';
import { type CommitFault, type CommitOf, startCommitProxy } from './support/commit-proxy.ts';
import { openPair } from './support/pair.ts';
import { items, itemsTable, manyItems } from './support/rows.ts';
import { openTrial } from './support/trial.ts';

const rows = 6_000;

test.each<readonly [CommitFault, string, 'created by us' | 'there before']>([
  ['lost', 'the server never heard of it', 'created by us'],
  ['unanswered', 'the server did it', 'created by us'],
  ['lost', 'the server never heard of it', 'there before'],
  ['unanswered', 'the server did it', 'there before'],
  ['late', 'the server does it when we have begun again', 'created by us'],
  ['late', 'the server does it when we have begun again', 'there before'],
])('a COMMIT is %s (%s), the target was %s: each row is there once', async (fault, _, origin) => {
  await using pair = await openPair({
    atSource: manyItems(rows),
    ...(origin === 'there before' ? { atTarget: itemsTable } : {}),
  });
  await using proxy = await startCommitProxy(pair.target.url);
  await using trial = await openTrial({
    source: pair.source.url,
    target: proxy.url(pair.target.url),
    collections: ['items'],
    targetConfig: { stallTimeoutMs: 300 },
    settings: { create: true, rowsPerPartition: 2_000, lanes: 1 },
  });
  const times = fault === 'late' ? 1 : 2;
  proxy.arm(fault, { times });
  expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0, failures: [] });
  expect(proxy.struck).toBe(times);
  const expected = fault === 'late' ? 'connection-stalled' : 'connection-lost';
  expect(trial.log.all('retry').map(({ code }) => code)).toContain(expected);
  expect(await pair.expectSame('items')).toBe(rows);
});

test('the COMMIT of a repair is unanswered: the repeat finds it done', async () => {
  await using pair = await openPair({ atSource: manyItems(rows), atTarget: itemsTable });
  await using proxy = await startCommitProxy(pair.target.url);
  await using trial = await openTrial({
    source: pair.source.url,
    target: proxy.url(pair.target.url),
    collections: ['items'],
  });
  await trial.run();
  await pair.source.query(
    `UPDATE items SET name = 'x' || id WHERE id % 50 = 0; DELETE FROM items WHERE id % 77 = 0`,
  );
  proxy.arm('unanswered', { times: 2 });
  expect(await trial.run()).toMatchObject({ result: 'equal' });
  expect(proxy.struck).toBeGreaterThan(0);
  expect(await pair.expectSame('items')).toBe(rows - Math.floor(rows / 77));
});

test.each<readonly [CommitFault, string]>([
  ['lost', 'the server never heard of it'],
  ['unanswered', 'the server did it'],
])('the COMMIT of a promotion is %s (%s): it comes in once, and can be taken back', async (fault) => {
  await using pair = await openPair({ atSource: manyItems(1_000) });
  await using proxy = await startCommitProxy(pair.target.url);
  await using trial = await openTrial({
    source: pair.source.url,
    target: proxy.url(pair.target.url),
    collections: ['items'],
    settings: { create: true },
  });
  await trial.run();
  const before = await tableDigest({ url: pair.target.url, table: 'items' });
  await pair.source.query(
    `UPDATE items SET name = 'x' || id WHERE id <= 20; DELETE FROM items WHERE id > 970; ${items(1_001, 1_010)}`,
  );
  proxy.arm(fault, { of: 'promotion' });
  const counts = { inserted: 10, updated: 20, left: 30 };
  expect(await trial.run()).toMatchObject({ result: 'equal', failures: [], collections: [counts] });
  expect(proxy.struck).toBe(1);
  expect(trial.log.all('retry').map(({ code }) => code)).toEqual(['connection-lost']);
  expect(await pair.expectSame('items')).toBe(980);
  const { generations } = await trial.engine.generations('trial');
  expect(generations).toMatchObject([{ id: 1, state: 'promoted', canRollBack: true, collections: [counts] }]);
  expect(await trial.engine.rollBackGeneration('trial')).toMatchObject({
    generation: { state: 'rolled-back' },
  });
  expect(await tableDigest({ url: pair.target.url, table: 'items' })).toEqual(before);
});

test.each<readonly [CommitOf, CommitFault]>([
  ['sift', 'unanswered'],
  ['takeOut', 'lost'],
  ['takeOut', 'unanswered'],
])(
  'the COMMIT of what looks for poison in a generation (%s) is %s: no row goes without its letter',
  async (of, fault) => {
    await using pair = await openPair({ atSource: manyItems(1_000) });
    await using proxy = await startCommitProxy(pair.target.url);
    await using trial = await openTrial({
      source: pair.source.url,
      target: proxy.url(pair.target.url),
      collections: ['items'],
      settings: { create: true },
    });
    await trial.run();
    await pair.target.query(`ALTER TABLE items ADD CHECK (name <> 'poison')`);
    await pair.source.query(
      `UPDATE items SET name = 'x' || id WHERE id <= 20; UPDATE items SET name = 'poison' WHERE id IN (7, 500)`,
    );
    proxy.arm(fault, { of });
    expect(await trial.run()).toMatchObject({ result: 'pending', deadLetters: 2, failures: [] });
    expect(proxy.struck).toBe(1);
    const { letters } = await trial.engine.letters('trial');
    expect(letters.map(({ key }) => key).toSorted()).toEqual(['["500"]', '["7"]']);
    const { rows } = await pair.target.query(`SELECT count(*)::int AS new FROM items WHERE name LIKE 'x%'`);
    expect(rows).toEqual([{ new: 19 }]);
    await pair.source.query(`UPDATE items SET name = 'well' WHERE name = 'poison'`);
    expect(await trial.run()).toMatchObject({ result: 'equal', deadLetters: 0 });
    expect(await pair.expectSame('items')).toBe(1_000);
  },
);
