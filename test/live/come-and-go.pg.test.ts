import { expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

test.each(['logical', 'triggers'] as const)(
  'what comes and goes before it was brought is no loss, with %s: nothing is held back',
  async (capture) => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE jobs (id int PRIMARY KEY, v text)');
    await pair.source.query(`INSERT INTO jobs SELECT n, 'v' FROM generate_series(1, 200) n`);
    await using running = await pair.start({ collections: ['jobs'] });
    await pair.source.query(`BEGIN;
      INSERT INTO jobs SELECT n, 'passing' FROM generate_series(1001, 2000) n;
      DELETE FROM jobs WHERE id > 1000;
      DELETE FROM jobs WHERE id <= 10; COMMIT`);
    await running.inStep();
    expect(running.told['guard.raised']).toEqual([]);
    // What is there, and too much of it, waits for somebody all the same.
    await pair.source.query(`BEGIN;
      INSERT INTO jobs SELECT n, 'passing' FROM generate_series(1001, 2000) n;
      DELETE FROM jobs WHERE id > 1000 OR id <= 100; COMMIT`);
    await running.until('the guard is raised', () => (running.told['guard.raised']?.length ?? 0) > 0);
    expect(running.told['guard.raised']).toMatchObject([{ leaving: 90, total: 190 }]);
  },
);
