import { describe, expect, test } from 'vitest';
import { openLivePair, type RunningPipeline } from './live-pair.ts';

const letters = async (running: RunningPipeline): Promise<readonly string[]> => {
  const { letters: page } = await running.engine.letters('it');
  return page.map(({ key, state }) => `${key} ${state}`).toSorted();
};
const parked = async (running: RunningPipeline): Promise<number> =>
  (await letters(running)).filter((letter) => letter.endsWith('parked')).length;

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('poison blocks no other key, and exactly the poisoned keys have a letter', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE users (id int PRIMARY KEY, name text)');
    await pair.target.query('ALTER TABLE users ADD CHECK (length(name) <= 10)');
    await using running = await pair.start({ collections: ['users'] });
    await pair.source.query(
      `INSERT INTO users SELECT n, CASE WHEN n % 100 = 0 THEN repeat('x', 11) ELSE 'ok' END FROM generate_series(1, 1000) n`,
    );
    await running.until('ten letters', async () => (await parked(running)) === 10);
    await running.until(
      'all others',
      async () => (await pair.target.query('SELECT id FROM users')).rows.length === 990,
    );
    // A newer change of a parked key is tried, and its success resolves the letter.
    await pair.source.query(`UPDATE users SET name = 'cured' WHERE id <= 500 AND id % 100 = 0`);
    await running.until('five letters', async () => (await parked(running)) === 5);
    await pair.source.query('DELETE FROM users WHERE id % 100 = 0 AND id > 500');
    await running.until('no letter', async () => (await letters(running)).length === 0);
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(995);
  });

  test('unique values that change places, within a transaction and over several', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE seats (id int PRIMARY KEY, place text NOT NULL UNIQUE)');
    await pair.source.query(`INSERT INTO seats SELECT n, 'seat ' || n FROM generate_series(1, 6) n`);
    await using running = await pair.start({ collections: ['seats'] });
    await pair.source.query(
      `BEGIN; UPDATE seats SET place = 'aside' WHERE id = 1; UPDATE seats SET place = 'seat 1' WHERE id = 2; UPDATE seats SET place = 'seat 2' WHERE id = 1; COMMIT`,
    );
    await running.inStep();
    for (const statement of [
      `UPDATE seats SET place = 'aside' WHERE id = 3`,
      `UPDATE seats SET place = 'seat 3' WHERE id = 4`,
      `UPDATE seats SET place = 'seat 4' WHERE id = 3`,
      `DELETE FROM seats WHERE id = 5`,
      `INSERT INTO seats VALUES (7, 'seat 5')`,
      `UPDATE seats SET id = 60 WHERE id = 6`,
    ])
      await pair.source.query(statement);
    await running.inStep();
    expect(await pair.expectSame('seats')).toBe(6);
    expect(await letters(running)).toEqual([]);
  });

  test('parents and children in any order, and cascades', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(`
      CREATE TABLE parents (id int PRIMARY KEY, name text);
      CREATE TABLE children (id int PRIMARY KEY, parent int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE)`);
    await using running = await pair.start({ collections: ['children', 'parents'] });
    await pair.source.query(
      `BEGIN; INSERT INTO parents VALUES (1, 'a'), (2, 'b'); INSERT INTO children SELECT n, 1 + n % 2 FROM generate_series(1, 10) n; COMMIT`,
    );
    await running.inStep();
    await pair.source.query('UPDATE parents SET id = 20 WHERE id = 2; DELETE FROM parents WHERE id = 1');
    await running.inStep();
    expect(await pair.expectSame('parents')).toBe(1);
    expect(await pair.expectSame('children')).toBe(5);
    expect(await letters(running)).toEqual([]);
  });

  test('what somebody else’s row blocks is tried until the stream has passed, then parked; it goes when the row does', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE users (id int PRIMARY KEY, email text UNIQUE)');
    await pair.target.query(`INSERT INTO users VALUES (900, 'taken')`);
    await using running = await pair.start({ collections: { users: { scope: 'owned' } } });
    await pair.source.query(`INSERT INTO users VALUES (1, 'taken'), (2, 'free')`);
    await running.until('a letter', async () => (await parked(running)) === 1);
    expect(await letters(running)).toEqual(['["1"] parked']);
    await pair.target.query('DELETE FROM users WHERE id = 900');
    await running.engine.replay('it');
    await running.until('no letter', async () => (await letters(running)).length === 0);
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(2);
  });

  test('a collection that shrinks too much is held back until somebody approves', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE users (id int PRIMARY KEY, name text)');
    await pair.source.query(`INSERT INTO users SELECT n, 'user' FROM generate_series(1, 500) n`);
    await using running = await pair.start({ collections: ['users'] });
    await pair.source.query('DELETE FROM users');
    await pair.source.query(`INSERT INTO users VALUES (1, 'back'), (1000, 'new')`);
    await running.until('the guard', () => (running.told['guard.raised']?.length ?? 0) > 0);
    await running.until(
      'the new one',
      async () => (await pair.target.query('SELECT FROM users WHERE id = 1000')).rows.length === 1,
    );
    expect((await pair.target.query('SELECT FROM users')).rows.length).toBe(501);
    await running.engine.approve('it');
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(2);
  });
});
