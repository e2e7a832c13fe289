import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failpoints } from '../../src/protocol/failpoints.ts';
import { reachedIn } from '../chaos/lives.ts';
import { openStore } from '../chaos/world/open-store.ts';
import type { KilledWriters } from './killed-writers.ts';

const saves: readonly (readonly [string, number])[] = [
  ['store.save.before', 2],
  ['store.save.after', 3],
];

const requests = [
  { point: 'request.ask.before', last: 'paused 1', open: [], pausedSinceMs: 1 },
  { point: 'request.ask.after', last: 'paused 1', open: ['waiting'], pausedSinceMs: 1 },
  { point: 'request.begin.before', last: 'asked 2', open: ['waiting'], pausedSinceMs: 1 },
  { point: 'request.begin.after', last: 'asked 2', open: ['running'], pausedSinceMs: 1 },
  { point: 'request.end.before', last: 'began 2', open: ['running'], pausedSinceMs: 1 },
  { point: 'request.end.after', last: 'began 2', open: [], pausedSinceMs: 1 },
  { point: 'request.pause.before', last: 'ended 2', open: [], pausedSinceMs: 1 },
  { point: 'request.pause.after', last: 'ended 2', open: [], pausedSinceMs: 2 },
];

const connections = [
  { point: 'connection.put.before', last: 'removed 1', kept: null },
  { point: 'connection.put.after', last: 'removed 1', kept: 'sealed 2' },
  { point: 'connection.reseal.before', last: 'put 2', kept: 'sealed 2' },
  { point: 'connection.reseal.after', last: 'put 2', kept: 'anew 2' },
  { point: 'connection.remove.before', last: 'resealed 2', kept: 'anew 2' },
  { point: 'connection.remove.after', last: 'resealed 2', kept: null },
];

/** What any store has kept whose user died at a failpoint. */
export function testDeaths(makePlace: KilledWriters['makePlace']): void {
  test.each(saves)('dying at %s of the third save leaves save %i as the last', async (point, last) => {
    await using made = await makePlace();
    expect(dieAt(`${point}:3`, 'save', made.place)).toBe('1\n2\n');
    await using store = await openStore(made.place);
    expect(await store.checkpoints.get('shop', 'pass', 'right')).toBe(last);
  });

  test.each(requests)(
    'dying at $point of the second request',
    async ({ point, last, open, pausedSinceMs }) => {
      await using made = await makePlace();
      const lines = dieAt(`${point}:2`, 'request', made.place).trimEnd().split('\n');
      expect(lines.at(-1)).toBe(last);
      await using store = await openStore(made.place);
      expect((await store.requests.open('shop')).map(({ state }) => state)).toEqual(open);
      expect((await store.requests.paused('shop'))?.sinceMs).toBe(pausedSinceMs);
    },
  );

  test.each(connections)('dying at $point of the second connection', async ({ point, last, kept }) => {
    await using made = await makePlace();
    const lines = dieAt(`${point}:2`, 'connections', made.place).trimEnd().split('\n');
    expect(lines.at(-1)).toBe(last);
    await using store = await openStore(made.place);
    const found = await store.connections.get('shop');
    expect(found === null ? null : Buffer.from(found.sealed).toString()).toBe(kept);
  });

  test('every step of a connection is one of these', () => {
    const steps = failpoints.filter((point) => reachedIn[point].lives.includes('connections'));
    expect(connections.map(({ point }) => point).sort()).toEqual([...steps].sort());
  });
}

/** What the program printed before it was killed there. */
function dieAt(failpoint: string, task: string, place: string): string {
  const program = join(import.meta.dirname, 'store-program.ts');
  const env = { ...process.env, LOCKSTEP_FAILPOINT: failpoint };
  const { signal, stdout } = spawnSync(process.execPath, [program, task, place], { env, encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  return stdout;
}
