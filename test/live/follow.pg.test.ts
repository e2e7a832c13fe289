import { describe, expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('rows that were there are copied, and what happens then follows', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, note text)');
    await pair.source.query(`INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 1000) n`);
    await using running = await pair.start({ collections: ['users'] });
    await pair.source.query(`INSERT INTO users VALUES (2000, 'new', NULL)`);
    await pair.source.query(`UPDATE users SET name = 'changed' WHERE id <= 10`);
    await pair.source.query('DELETE FROM users WHERE id BETWEEN 20 AND 30');
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(990);
    await running.stop();
  });

  test('a process that starts again goes on where the destination stands', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)');
    await pair.source.query(`INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 100) n`);
    {
      await using running = await pair.start({ collections: ['users'] });
      await pair.source.query(`UPDATE users SET name = 'before' WHERE id = 1`);
      await running.inStep();
      await running.stop();
    }
    await pair.source.query(
      `UPDATE users SET name = 'meanwhile' WHERE id <= 50; DELETE FROM users WHERE id > 90`,
    );
    await using running = await pair.start({ collections: ['users'] });
    await running.inStep();
    expect(running.told.healed).toEqual([]);
    expect(await pair.expectSame('users')).toBe(90);
  });

  test('values above 8 kB that did not change stay what they are', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both('CREATE TABLE pages (id int PRIMARY KEY, title text, body text)');
    await pair.both('ALTER TABLE pages ALTER body SET STORAGE EXTERNAL');
    await using running = await pair.start({ collections: ['pages'] });
    await pair.source.query(
      `INSERT INTO pages SELECT n, 'page ' || n, repeat(n::text, 20000) FROM generate_series(1, 20) n`,
    );
    await running.inStep();
    await pair.source.query(`UPDATE pages SET title = 'another'`);
    await pair.source.query(`UPDATE pages SET id = id + 100 WHERE id <= 5`);
    await running.inStep();
    expect(await pair.expectSame('pages')).toBe(20);
  });
});
