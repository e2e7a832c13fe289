import { expect, test } from 'vitest';
import { countOf, hold, openRefreshed, type Refreshed, untilItWaits } from './support/refreshed.ts';

/** A second generation, which a guard holds: it deletes all rows that the first one changed. */
async function openHeld(destination: object = {}): Promise<Refreshed> {
  const refreshed = await openRefreshed(destination);
  await refreshed.pair.source.query('DELETE FROM t WHERE id % 2 = 0');
  expect(await refreshed.run('run')).toMatchObject({ code: 2 });
  expect(await statesOf(refreshed)).toEqual(['staged', 'promoted']);
  return refreshed;
}

const statesOf = async ({ run }: Refreshed): Promise<readonly string[]> => {
  const { stdout } = await run('generations', 'it', 'list', '--json');
  const { result } = JSON.parse(stdout) as { result: { generations: readonly { state: string }[] } };
  return result.generations.map(({ state }) => state);
};

async function expectPromotable(refreshed: Refreshed): Promise<void> {
  expect(await countOf(refreshed, 'new')).toBe(500);
  expect(await statesOf(refreshed)).toEqual(['staged', 'promoted']);
  expect(await refreshed.run('generations', 'it', 'promote')).toMatchObject({ code: 0 });
  expect(await countOf(refreshed, 'new')).toBe(0);
}

test('Ctrl-C while a generation is promoted: it is finished when it can be, and said to be', {
  timeout: 60_000,
}, async () => {
  await using refreshed = await openHeld();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'promote');
  await untilItWaits(refreshed);
  const ended = child.kill('SIGINT');
  await child.waitForLine('SIGINT: finishing what is under way', { from: 'stderr' });
  await holder.query('COMMIT');
  await holder.end();
  expect(await ended).toMatchObject({ code: 0, stdout: expect.stringContaining('is promoted') });
  expect(await countOf(refreshed, 'new')).toBe(0);
  expect(await refreshed.run('run')).toMatchObject({ code: 0 });
});

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s while promoting waits to try again: nothing of it is done, and it can be promoted',
  { timeout: 60_000 },
  async (signal) => {
    await using refreshed = await openHeld({ statementTimeoutMs: 500 });
    const holder = await hold(refreshed);
    await using child = refreshed.start('generations', 'it', 'promote');
    await child.waitForLine(/promote the generation.*again in/, { from: 'stderr' });
    expect(await child.kill(signal)).toMatchObject({ code: 130 });
    await holder.end();
    await expectPromotable(refreshed);
  },
);

test('Ctrl-C while promoting waits for a lock longer than draining lasts: nothing of it is done', {
  timeout: 90_000,
}, async () => {
  await using refreshed = await openHeld();
  const holder = await hold(refreshed);
  await using child = refreshed.start('generations', 'it', 'promote');
  await untilItWaits(refreshed);
  expect(await child.kill('SIGINT')).toMatchObject({ code: 130 });
  await holder.end();
  await expectPromotable(refreshed);
});

test('Ctrl-C while a generation is discarded: it is discarded or still there, and a repeat ends it', {
  timeout: 60_000,
}, async () => {
  await using refreshed = await openHeld({ statementTimeoutMs: 500 });
  const { rows } = await refreshed.pair.target.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = 'lockstep' AND tablename ~ 'generation|staged|inverse'`,
  );
  const holder = await refreshed.pair.target.connect();
  await holder.query(`BEGIN; ${rows.map(({ name }) => `LOCK ${name} IN SHARE MODE`).join('; ')}`);
  await using child = refreshed.start('generations', 'it', 'discard', '2');
  await child.waitForLine(/discard the generation.*again in/, { from: 'stderr' });
  expect(await child.kill('SIGINT')).toMatchObject({ code: 130 });
  await holder.end();
  expect(await statesOf(refreshed)).toEqual(['staged', 'promoted']);
  expect(await refreshed.run('generations', 'it', 'discard', '2')).toMatchObject({ code: 0 });
  expect(await statesOf(refreshed)).not.toContain('staged');
  expect(await countOf(refreshed, 'new')).toBe(500);
});
