import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreDirectory } from './sqlite-fixture.ts';

test.each([
  ['store.save.before', 2],
  ['store.save.after', 3],
])('dying at %s of the third save leaves save %i as the last', async (point, last) => {
  using directory = new StoreDirectory();
  expect(dieAt(`${point}:3`, 'save', directory.file)).toBe('1\n2\n');
  await using store = await openSqliteStore({ path: directory.file });
  expect(await store.checkpoints.get('shop', 'pass', 'right')).toBe(last);
});

const deaths = [
  { point: 'request.ask.before', last: 'paused 1', open: [], pausedSinceMs: 1 },
  { point: 'request.ask.after', last: 'paused 1', open: ['waiting'], pausedSinceMs: 1 },
  { point: 'request.begin.before', last: 'asked 2', open: ['waiting'], pausedSinceMs: 1 },
  { point: 'request.begin.after', last: 'asked 2', open: ['running'], pausedSinceMs: 1 },
  { point: 'request.end.before', last: 'began 2', open: ['running'], pausedSinceMs: 1 },
  { point: 'request.end.after', last: 'began 2', open: [], pausedSinceMs: 1 },
  { point: 'request.pause.before', last: 'ended 2', open: [], pausedSinceMs: 1 },
  { point: 'request.pause.after', last: 'ended 2', open: [], pausedSinceMs: 2 },
];

test.each(deaths)('dying at $point of the second request', async ({ point, last, open, pausedSinceMs }) => {
  using directory = new StoreDirectory();
  const lines = dieAt(`${point}:2`, 'request', directory.file).trimEnd().split('\n');
  expect(lines.at(-1)).toBe(last);
  await using store = await openSqliteStore({ path: directory.file });
  expect((await store.requests.open('shop')).map(({ state }) => state)).toEqual(open);
  expect((await store.requests.paused('shop'))?.sinceMs).toBe(pausedSinceMs);
});

/** What the program printed before it was killed there. */
function dieAt(failpoint: string, task: string, file: string): string {
  const program = join(import.meta.dirname, 'store-program.ts');
  const env = { ...process.env, LOCKSTEP_FAILPOINT: failpoint };
  const { signal, stdout } = spawnSync(process.execPath, [program, task, file], { env, encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  return stdout;
}
