import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { briefTransaction } from '../../src/connectors/postgres/session/brief-transaction.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { failure, never, poolFor } from './support.ts';

const options = { signal: never };

test('a brief transaction commits, and one that falls silent is ended by the server with all its locks', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await db.query('CREATE TABLE t (id int)');
  const add = 'INSERT INTO public.t VALUES (1)';
  await pool.use((session) => briefTransaction(session, () => session.execute(add), options), options);
  const silent = pool.use(
    (session) =>
      briefTransaction(
        session,
        async () => {
          await session.execute('LOCK TABLE public.t');
          const ended = `SELECT FROM pg_stat_activity WHERE pid = ${session.processId}`;
          while (((await db.query(ended)).rowCount ?? 0) > 0) await delay(50);
          await session.execute(add);
        },
        options,
      ),
    options,
  );
  const [taken] = await Promise.all([db.query('SELECT FROM t'), failure(silent, 'connection-lost')]);
  expect(taken.rowCount).toBe(1);
});
