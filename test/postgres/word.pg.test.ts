import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { recallWord, rememberWord, removeWords } from '../../src/connectors/postgres/feed/word.ts';
import { createTestDatabase } from '../support/postgres.ts';
import { never, poolFor } from './support.ts';

const place = { stateSchema: 'lockstep', pipeline: 'p', signal: never };

test('the newest word is kept, and nothing of it is left once it is removed', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  expect(await recallWord(pool, place)).toBeNull();
  for (const word of ['first', 'second']) expect(await rememberWord(pool, { ...place, word })).toBe(true);
  expect(await recallWord(pool, place)).toBe('second');
  await removeWords(pool, place);
  expect((await db.query(`SELECT FROM pg_namespace WHERE nspname = 'lockstep'`)).rowCount).toBe(0);
});

test('a word is kept although somebody drops our schema under our hands', async () => {
  await using db = await createTestDatabase();
  await using pool = poolFor(db.url);
  await rememberWord(pool, { ...place, word: 'before' });
  const somebody = await db.connect();
  await somebody.query('BEGIN; DROP SCHEMA lockstep CASCADE');
  const kept = rememberWord(pool, { ...place, word: 'after' });
  const waiting =
    'SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())';
  while ((await db.query(waiting)).rowCount === 0) await delay(20);
  await somebody.query('COMMIT');
  expect(await kept).toBe(true);
  expect(await recallWord(pool, place)).toBe('after');
});
