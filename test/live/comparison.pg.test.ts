import { expect, test } from 'vitest';
import { compared, comparisonOf } from './compared.ts';
import { openLivePair } from './live-pair.ts';

const everySecond = '* * * * * *';
/** The status is told once a second: what stands for less may not be seen. */
const everyFour = '*/4 * * * * *';

test.each(['logical', 'triggers'] as const)(
  'with %s, what a comparison found is told, and mended',
  async (capture) => {
    await using pair = await openLivePair({ capture });
    await pair.source.query(`CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT n, 'v' || n FROM generate_series(1, 500) AS n`);
    await using running = await pair.start({
      collections: ['public.t'],
      create: true,
      schedule: everyFour,
    });
    const first = await compared(running);
    expect(first).toMatchObject({ last: { drifted: 0 }, provenAtMs: expect.any(Number) });
    expect((await running.engine.status('it'))[0]).toMatchObject({
      provenAtMs: expect.any(Number),
      schedule: { shortestMs: 4000, longestMs: 4000 },
    });
    await pair.target.query(
      "UPDATE t SET v = 'theirs' WHERE id <= 3; DELETE FROM t WHERE id = 9; INSERT INTO t VALUES (900, 'theirs')",
    );
    const found = await running.until(
      'the drift is told',
      async () => ((await comparisonOf(running))?.last?.drifted ?? 0) > 0,
    );
    expect(found).toBeUndefined();
    await running.inStep();
    await running.until(
      'a later comparison finds nothing',
      async () => (await compared(running))?.last?.drifted === 0,
    );
    await running.stop();
  },
);

test('changes that are under way are no drift', async () => {
  await using pair = await openLivePair();
  await pair.source.query(`CREATE TABLE t (id int PRIMARY KEY, v int);
    INSERT INTO t SELECT n, 0 FROM generate_series(1, 2000) AS n`);
  await using running = await pair.start({ collections: ['public.t'], create: true, schedule: everySecond });
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted)
      await pair.source.query('UPDATE t SET v = v + 1 WHERE id % 7 = (random() * 6)::int');
  })();
  const found: (number | undefined)[] = [];
  for (let count = 0; count < 3; count += 1) found.push((await compared(running))?.last?.drifted);
  stop.abort();
  await writing;
  expect(found).toEqual([0, 0, 0]);
  await running.stop();
});
