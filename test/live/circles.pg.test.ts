import { expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

/** More than a window takes touches, and more than letters are tried together at first. */
const rows = 3_000;

test('one circle of unique values through more rows than a window takes, found by a walk', async () => {
  await using pair = await openLivePair();
  await pair.both(
    'CREATE TABLE seats (id int PRIMARY KEY, place text NOT NULL UNIQUE, beside int REFERENCES seats)',
  );
  await pair.source.query(
    `INSERT INTO seats SELECT n, 'seat ' || n, nullif(n / 2, 0) FROM generate_series(1, ${rows}) n`,
  );
  await using running = await pair.start({ collections: ['seats'] });
  // Somebody else shifts every value by one: no row can have its own back before the others have theirs.
  await pair.target.query(`
    UPDATE seats SET place = 'aside ' || id;
    UPDATE seats SET place = 'seat ' || 1 + id % ${rows}`);
  await running.engine.resync('it');
  await running.until('no letter', async () => (await running.engine.letters('it')).letters.length === 0);
  expect(await pair.expectSame('seats')).toBe(rows);
});
