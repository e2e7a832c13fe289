import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failpoint } from '../../../src/protocol/failpoints.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { never } from '../support.ts';
import { openFeed } from './feed-under-test.ts';

const points: readonly Failpoint[] = [
  'log.make.before',
  'log.make.after',
  'capture.make.before',
  'capture.make.after',
  'word.keep.before',
  'word.keep.after',
  'log.empty.before',
  'log.empty.after',
  'capture.drop.before',
  'capture.drop.after',
];

/** A process that lives a feed's whole life, and is killed where the environment says. */
function live(url: string, point: string): NodeJS.Signals | null {
  const program = join(import.meta.dirname, 'feed-program.ts');
  const env = { ...process.env, LOCKSTEP_FAILPOINT: point };
  const { signal, status, stderr } = spawnSync(process.execPath, [program, url], { env, encoding: 'utf8' });
  if (signal === null && status !== 0) throw new Error(stderr);
  return signal;
}

test.for(points)('killed at %s, it goes on and leaves nothing', async (point) => {
  await using db = await createTestDatabase();
  await db.query('CREATE TABLE items (id int PRIMARY KEY, v int)');
  expect(live(db.url, point)).toBe('SIGKILL');
  await db.query('INSERT INTO items VALUES (2)');
  expect(live(db.url, '')).toBeNull();
  await using feed = await openFeed(db.url);
  expect(await feed.feed.recall({ signal: never })).toBeNull();
  expect(await feed.feed.remove(feed.request)).toEqual([]);
  expect((await db.query(`SELECT FROM pg_namespace WHERE nspname = 'lockstep'`)).rowCount).toBe(0);
  expect((await db.query('SELECT FROM pg_trigger')).rowCount).toBe(0);
});
