import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LiveMemory } from '../../src/engine/pipeline/memory.ts';
import type { WalkContext } from '../../src/engine/walk/context.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { startRealTimeGate } from '../support/real-time-gate.ts';
import { captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

/** Each write at the source takes a higher number; who comes to the target with a lower one than was there is noted. */
const watched = `
CREATE TABLE seen (id int PRIMARY KEY, v bigint NOT NULL);
CREATE TABLE stepped_back (id int, from_v bigint, to_v bigint);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.stepped_back SELECT NEW.id, seen.v, NEW.v FROM public.seen WHERE seen.id = NEW.id AND seen.v > NEW.v;
  INSERT INTO public.seen VALUES (NEW.id, NEW.v) ON CONFLICT (id) DO UPDATE SET v = greatest(seen.v, excluded.v);
  RETURN NEW;
END $$;
CREATE TRIGGER watch AFTER INSERT OR UPDATE ON items FOR EACH ROW EXECUTE FUNCTION watch()`;

const table = 'CREATE TABLE items (id int PRIMARY KEY, v bigint NOT NULL)';
const everySecond = { every: '1s', atStart: false } as const;

const comparisonOf = async ({ engine }: LiveRun) => (await engine.status('it'))[0]?.live?.comparison ?? null;

/** Resolves once a comparison that began after this call has ended. */
async function compared(running: LiveRun): Promise<{ readonly drifted: number }> {
  const from = Date.now();
  let last: { readonly startedAtMs: number; readonly drifted: number } | null = null;
  await running.until('a comparison that began now has ended', async () => {
    last = (await comparisonOf(running))?.last ?? null;
    return (last?.startedAtMs ?? 0) >= from;
  });
  if (last === null) throw new Error('there was none');
  return last;
}

/** As a process leaves them that dies while it walks. */
async function leaveWalks({ directory }: LiveTrial): Promise<void> {
  await using store = await openSqliteStore({ path: join(directory, '.lockstep', 'lockstep.db') });
  const lease = await store.leases.acquire({ pipeline: 'it', owner: 'who died', durationMs: 60_000 });
  if (lease === null) throw new Error('somebody has the lease');
  const memory = new LiveMemory({ store, pipeline: 'it', fence: lease.fence } as WalkContext);
  const walking = { reason: 'a comparison was due', fills: false, sinceMs: Date.now() };
  for (const name of (await memory.fingerprints()).keys()) await memory.setWalk(name, walking);
  expect((await memory.walks()).size).toBe(1);
  await store.leases.release(lease);
}

describe.each(captures)('with %s', { timeout: 90_000 }, (capture) => {
  test('while the feed alone can’t be opened comparisons bring over what changes and end, and nothing older comes afterwards (L6)', async () => {
    await using trial = await openLiveTrial({ capture });
    await using gate = await startRealTimeGate(trial.source.url);
    await trial.both(table);
    await trial.source.query(
      `CREATE SEQUENCE versions; INSERT INTO items SELECT n, nextval('versions') FROM generate_series(1, 300) n`,
    );
    await using running = await trial.start(
      { collections: ['items'], schedule: everySecond },
      { source: gate.proxy.url(trial.source.url) },
    );
    await trial.target.query(watched);
    gate.shut();
    await running.until('the feed is down', () => running.status.status === 'degraded' && gate.refusals > 2);
    for (const turn of [1, 2]) {
      await trial.source.query(
        `UPDATE items SET v = nextval('versions') WHERE id <= 5; INSERT INTO items VALUES (${1000 + turn}, nextval('versions')); DELETE FROM items WHERE id = ${200 + turn}`,
      );
      await running.inStep('items');
      expect((await compared(running)).drifted).toBe(0);
      expect(running.status.status).toBe('degraded');
    }
    const tried = gate.refusals;
    await running.until('it is tried on', () => gate.refusals > tried);
    await trial.source.query(`UPDATE items SET v = nextval('versions') WHERE id <= 5`);
    gate.open();
    await trial.source.query(`UPDATE items SET v = nextval('versions') WHERE id BETWEEN 3 AND 8`);
    await running.live();
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(300);
    expect(await rowsIn(trial.target, 'stepped_back')).toBe(0);
    expect(running.log.all('gap')).toEqual([]);
    await running.until('what others change is told as drift again', async () => {
      await trial.target.query('UPDATE items SET v = v + 1000000 WHERE id = 50');
      return (await compared(running)).drifted > 0;
    });
  });
});

test('what comparisons find does not wait for the next attempt at the feed', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await using gate = await startRealTimeGate(trial.source.url);
  await trial.both(table);
  await trial.source.query('INSERT INTO items SELECT n, n FROM generate_series(1, 100) n');
  await using running = await trial.start(
    {
      collections: ['items'],
      schedule: everySecond,
      stream: { breakerFailures: 1, breakerPauseMs: 300_000 },
    },
    { source: gate.proxy.url(trial.source.url) },
  );
  gate.shut();
  await running.until('nothing is tried for a while', () => running.log.all('breaker.opened').length > 0);
  const tried = gate.refusals;
  await trial.source.query('UPDATE items SET v = 1000 WHERE id = 1');
  await running.inStep('items');
  expect((await compared(running)).drifted).toBe(0);
  expect(gate.refusals).toBe(tried);
  await running.stop();
}, 60_000);

test('a comparison that an earlier process left holds none up after a restart', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await using gate = await startRealTimeGate(trial.source.url);
  await trial.both(table);
  await trial.source.query('INSERT INTO items SELECT n, n FROM generate_series(1, 100) n');
  const settings = { collections: ['items'], schedule: everySecond };
  const ways = { source: gate.proxy.url(trial.source.url) };
  {
    await using running = await trial.start(settings, ways);
    await running.stop();
  }
  gate.shut();
  await leaveWalks(trial);
  await using running = await trial.begin(settings, ways);
  for (const v of [2000, 3000]) {
    await trial.source.query(`UPDATE items SET v = ${v} WHERE id = 2`);
    await running.inStep('items');
    await compared(running);
  }
}, 60_000);

test('a transaction that stays open holds changes back, and not the comparisons that bring them over', async () => {
  await using trial = await openLiveTrial({ capture: 'triggers' });
  await trial.both(table);
  await trial.source.query('INSERT INTO items SELECT n, n FROM generate_series(1, 100) n');
  await using running = await trial.start({ collections: ['items'], schedule: everySecond });
  const open = await trial.source.connect();
  await open.query('BEGIN; UPDATE items SET v = 1000 WHERE id = 1');
  for (const v of [2000, 3000]) {
    await trial.source.query(`UPDATE items SET v = ${v} WHERE id = 2`);
    await running.until(
      'what is committed is there',
      async () => (await rowsIn(trial.target, `items WHERE v = ${v}`)) === 1,
    );
    expect((await compared(running)).drifted).toBe(0);
  }
  expect(await rowsIn(trial.target, 'items WHERE v = 1000')).toBe(0);
  await open.query('COMMIT');
  await running.inStep('items');
  expect(await trial.expectSame('items')).toBe(100);
}, 60_000);
