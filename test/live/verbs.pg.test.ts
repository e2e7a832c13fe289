import { describe, expect, test } from 'vitest';
import { openLivePair } from './live-pair.ts';

const users = 'CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO users SELECT n, 'user ' || n FROM generate_series(1, 300) n`;

describe.each(['logical', 'triggers'] as const)('with %s', (capture) => {
  test('a pause holds over restarts, and what happened meanwhile follows when it ends (L5)', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    await pair.source.query(fill);
    {
      await using running = await pair.start({ collections: ['users'] });
      await running.engine.pause('it', { reason: 'maintenance' });
      await running.until('it is paused', () => running.told.status?.at(-1)?.status === 'paused');
      await running.stop();
    }
    await pair.source.query(`UPDATE users SET name = 'meanwhile' WHERE id <= 100`);
    await using running = await pair.begin({ collections: ['users'] });
    await running.until('it is paused', () => running.told.status?.at(-1)?.status === 'paused');
    expect(running.told.status?.at(-1)?.reason).toBe('maintenance');
    expect((await pair.target.query(`SELECT FROM users WHERE name = 'meanwhile'`)).rows).toHaveLength(0);
    await running.engine.resume('it');
    await running.caughtUp();
    await running.inStep();
    expect(await pair.expectSame('users')).toBe(300);
  });

  test('a collection that is added is filled while the others flow', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    await pair.both('CREATE TABLE orders (id int PRIMARY KEY, total numeric(12, 2))');
    await pair.source.query(fill);
    await pair.source.query('INSERT INTO orders SELECT n, n * 1.10 FROM generate_series(1, 5000) n');
    {
      await using running = await pair.start({ collections: ['users'] });
      await running.stop();
    }
    await pair.source.query('UPDATE orders SET total = 0 WHERE id <= 10');
    await using running = await pair.start({ collections: ['users', 'orders'] });
    await pair.source.query('UPDATE orders SET total = 1 WHERE id > 4990; DELETE FROM users WHERE id = 1');
    await running.inStep();
    expect(
      running.told['collection.status']?.map(({ collection, status }) => `${collection} ${status}`),
    ).toContain('public.orders copying');
    expect(await pair.expectSame('orders')).toBe(5000);
    expect(await pair.expectSame('users')).toBe(299);
  });

  test('a mapping that changed is healed by a walk', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    await pair.source.query(fill);
    const mapped = (name: string, version: string) => ({
      collections: {
        users: {
          map: (row: Readonly<Record<string, unknown>>) => ({ id: row['id'] as number, name }),
          mapVersion: version,
        },
      },
    });
    {
      await using running = await pair.start(mapped('first', '1'));
      await running.stop();
    }
    await using running = await pair.start(mapped('second', '2'));
    await running.until(
      'all rows',
      async () => (await pair.target.query(`SELECT FROM users WHERE name = 'second'`)).rows.length === 300,
    );
    await pair.source.query(`INSERT INTO users VALUES (1000, 'x')`);
    await running.until(
      'the new row',
      async () =>
        (await pair.target.query(`SELECT FROM users WHERE id = 1000 AND name = 'second'`)).rows.length === 1,
    );
  });

  test('run ends when both sides are in step; verify and repair work on what it left', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    await pair.source.query(fill);
    const { engine } = await pair.begin({ collections: ['users'] }).then(async (running) => {
      await running.caughtUp();
      await running.stop();
      return running;
    });
    await pair.source.query('DELETE FROM users WHERE id <= 20');
    expect((await engine.run('it')).result).toBe('equal');
    expect(await pair.expectSame('users')).toBe(280);
    await pair.target.query(`UPDATE users SET name = 'drift' WHERE id = 100`);
    expect((await engine.verify('it')).equal).toBe(false);
    const repaired = await engine.verify('it', { repair: true });
    expect(repaired.equal).toBe(true);
    expect(repaired.repaired).toMatchObject({ updated: 1 });
  });

  test('verify says equal while changes flow (rule 3)', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    await pair.source.query(fill);
    await using running = await pair.start({ collections: ['users'] });
    let stop = false;
    const writing = (async () => {
      for (let n = 0; !stop; n += 1)
        await pair.source.query(`UPDATE users SET name = 'n${n}' WHERE id = ${1 + (n % 300)}`);
    })();
    const verified = await running.engine.verify('it');
    stop = true;
    await writing;
    expect(verified.equal).toBe(true);
  });

  test('remove leaves nothing at the source (rule 11)', async () => {
    await using pair = await openLivePair({ capture });
    await pair.both(users);
    const objects = `SELECT (SELECT count(*) FROM pg_class WHERE relnamespace <> 'pg_toast'::regnamespace)::int AS classes, (SELECT count(*) FROM pg_proc)::int AS functions, (SELECT count(*) FROM pg_trigger)::int AS triggers,
      (SELECT count(*) FROM pg_publication)::int AS publications, (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%')::int AS schemas,
      (SELECT count(*) FROM pg_replication_slots WHERE database = current_database())::int AS slots`;
    const before = (await pair.source.query(objects)).rows[0];
    await using running = await pair.start({ collections: ['users'] });
    await running.stop();
    const removed = await running.engine.remove('it');
    expect(removed.left).toEqual([]);
    expect((await pair.source.query(objects)).rows[0]).toEqual(before);
  });
});
