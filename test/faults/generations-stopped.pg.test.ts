import { expect, test } from 'vitest';
import { countOf, hold, openRefreshed, type Refreshed, untilItWaits } from './support/refreshed.ts';

/** Not paused, and nothing of it taken back. */
async function expectAsItWas(refreshed: Refreshed): Promise<void> {
  expect(await countOf(refreshed, 'new')).toBe(500);
  const { stdout } = await refreshed.run('generations', 'it', 'list', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ result: { generations: [{ state: 'promoted' }] } });
  expect(await refreshed.run('run')).toMatchObject({ code: 0 });
  expect(await refreshed.run('generations', 'it', 'rollback')).toMatchObject({ code: 0 });
  expect(await countOf(refreshed, 'old')).toBe(1000);
}

test('Ctrl-C while a generation is taken back: it is finished when it can be, and said to be', {
  timeout: 60_000,
}, async () => {
  await using refreshed = await openRefreshed();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  const ended = child.kill('SIGINT');
  await child.waitForLine('SIGINT: finishing what is under way', { from: 'stderr' });
  await holder.query('COMMIT');
  await holder.end();
  expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('is rolled back') });
  expect(await countOf(refreshed, 'old')).toBe(1000);
  const paused = await refreshed.run('run');
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining('generation 1 was rolled back')]);
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while taking back waits to try again: nothing of it is done, the pipeline is not paused, and both are said',
  { timeout: 60_000 },
  async (signal) => {
    await using refreshed = await openRefreshed({ statementTimeoutMs: 500 });
    const holder = await hold(refreshed);
    await using child = refreshed.start('generations', 'it', 'rollback');
    await child.waitForLine(/roll the generation back.*again in/, { from: 'stderr' });
    expect(await child.kill(signal)).toMatchObject({
      code: 130,
      stderr: expect.stringContaining(
        'generation 1 was not rolled back, and the pipeline is as it was before',
      ),
    });
    await holder.end();
    await expectAsItWas(refreshed);
  },
);

test('Ctrl-C while taking back waits for a lock longer than draining lasts: nothing of it is done', {
  timeout: 90_000,
}, async () => {
  await using refreshed = await openRefreshed();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  expect(await child.kill('SIGINT')).toMatchObject({
    code: 130,
    stderr: expect.stringContaining('generation 1 was not rolled back'),
  });
  await holder.end();
  await expectAsItWas(refreshed);
});

test('Ctrl-C while the destination is away: the pipeline stays paused, the error says what to do, and that ends it', {
  timeout: 90_000,
}, async () => {
  await using refreshed = await openRefreshed({ connectTimeoutMs: 2_000 });
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'rollback');
  await untilItWaits(refreshed);
  await refreshed.way.refuse();
  refreshed.way.reset();
  await child.waitForLine(/roll the generation back.*again in/, { from: 'stderr' });
  const { code, stderr } = await child.kill('SIGINT');
  expect([code, stderr]).toEqual([
    130,
    expect.stringContaining('the pipeline is paused until `lockstep generations it rollback` says'),
  ]);
  await holder.end();
  await refreshed.way.heal();
  const paused = await refreshed.run('run');
  expect([paused.code, paused.stderr]).toEqual([1, expect.stringContaining('is being rolled back')]);
  expect(await refreshed.run('generations', 'it', 'rollback')).toMatchObject({ code: 0 });
  expect(await countOf(refreshed, 'old')).toBe(1000);
});
