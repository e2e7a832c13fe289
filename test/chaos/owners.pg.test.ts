import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineEnd, EngineProcess } from './engine-process.ts';
import { ask } from './world/ask.ts';
import { judge } from './world/judge.ts';
import { expectOneWriterAtATime, fencesThatWrote } from './world/witness.ts';
import { openTemplates, openWorld, type Templates, type World } from './world/world.ts';

const timeout = 120_000;

let templates: Templates;
beforeAll(async () => {
  templates = await openTemplates(18);
});
afterAll(() => templates[Symbol.asyncDispose]());

test('two engines that start at once write one after the other, or one is told that the other runs', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await using one = new EngineProcess(world.places, 'run');
  await using other = new EngineProcess(world.places, 'run');
  await Promise.all([one.go(), other.go()]);
  const ends = await Promise.all([one.end(), other.end()]);
  expect(ends.some(({ error }) => error === null)).toBe(true);
  for (const { error, message } of ends) expect([null, 'lease-held'], message).toContain(error);
  await expectOneWriterAtATime(world.places.target);
  await judge(world.places, { heldBack: true });
});

test('an engine that finds another at work for longer than a lease lasts is refused', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await using lock = await holdTable(world.target);
  await using one = new EngineProcess(world.places, 'run');
  await one.go();
  await lock.isWaitedFor();
  await using other = new EngineProcess(world.places, 'run');
  await other.go();
  expect((await other.end()).error).toBe('lease-held');
  await lock.release();
  expect(await one.end()).toMatchObject({ error: null });
  expect(new Set(await fencesThatWrote(world.places.target)).size).toBe(1);
  await judge(world.places, { heldBack: true });
});

test('an engine that was paused in a transaction until another took over writes nothing more', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await using paused = new EngineProcess(world.places, 'run');
  const fences = await pauseWhileWriting(world, paused);
  const taken = await takeOver(world);
  expect(taken).toMatchObject({ error: null });
  paused.wake();
  await expectFenceLost(world, await paused.end(), fences);
});

test('what an engine that was paused reads at the source is ended by the next owner', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await using paused = new EngineProcess(world.places, 'run');
  await using writing = await holdTable(world.target);
  await paused.go();
  await writing.isWaitedFor();
  await using reading = await holdNotes(world, writing);
  paused.pause();
  const fences = await fencesThatWrote(world.places.target);
  await reading.release();
  await expect.poll(() => whoReadsNotes(world)).toHaveLength(1);
  expect(await takeOver(world)).toMatchObject({ error: null });
  expect(await whoReadsNotes(world)).toEqual([]);
  await ask(world.source.url, `SET lock_timeout = '5s'; ALTER TABLE shop.notes SET (fillfactor = 90)`);
  paused.wake();
  await expectFenceLost(world, await paused.end(), fences);
});

test('an engine that was paused anywhere until another took over writes nothing more', {
  timeout,
}, async () => {
  await using world = await openWorld(templates);
  await using paused = new EngineProcess(world.places, 'run');
  await paused.go();
  await someWrites(world);
  paused.pause();
  const fences = await fencesThatWrote(world.places.target);
  expect(await takeOver(world)).toMatchObject({ error: null });
  paused.wake();
  await expectFenceLost(world, await paused.end(), fences);
});

/**
 * Holds up what reads the notes at the source, in the middle of its transaction: that goes on at the server, and stays open, when the engine no
 * longer can. What only describes the table, and does not name it, holds nothing afterwards and is let by.
 */
async function holdNotes({ source }: World, writing: HeldTable): Promise<HeldTable> {
  const reads = `SELECT FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
    WHERE NOT l.granted AND l.relation = 'shop.notes'::regclass AND a.query ~ '"notes"'`;
  let held = await holdTable(source, { table: 'shop.notes', mode: 'ACCESS EXCLUSIVE' });
  await writing.release();
  for (;;) {
    await held.isWaitedFor();
    if ((await ask(source.url, reads)).length > 0) return held;
    const next = holdTable(source, { table: 'shop.notes', mode: 'ACCESS EXCLUSIVE' });
    await held.release();
    held = await next;
  }
}

/** Sessions that hold a lock at the source which a change of the table waits for. */
const whoReadsNotes = ({ source }: World) =>
  ask(
    source.url,
    `SELECT pid FROM pg_locks WHERE granted AND mode = 'AccessShareLock' AND relation = 'shop.notes'::regclass`,
  );

/** The other engine's whole run, which first waits for the lease to run out. */
async function takeOver({ places }: World): Promise<EngineEnd> {
  await using other = new EngineProcess(places, 'run');
  await other.go();
  return await other.end();
}

/** Pauses it with a statement under way whose transaction it then can't end. Returns the fences that wrote until then. */
async function pauseWhileWriting(world: World, engine: EngineProcess): Promise<readonly number[]> {
  await using lock = await holdTable(world.target);
  await engine.go();
  await lock.isWaitedFor();
  engine.pause();
  const fences = await fencesThatWrote(world.places.target);
  await lock.release();
  return fences;
}

async function expectFenceLost(world: World, end: EngineEnd, before: readonly number[]): Promise<void> {
  expect(end.error, end.message).toBe('fence-lost');
  const { target } = world.places;
  const after = await fencesThatWrote(target);
  await expectOneWriterAtATime(target);
  expect(after.filter((fence) => fence <= Math.max(...before, 0))).toEqual(before);
  await judge(world.places, { heldBack: true });
}

interface HeldTable extends AsyncDisposable {
  isWaitedFor(): Promise<void>;
  release(): Promise<void>;
}

/** Somebody else's lock on a table in the middle of the pass. */
async function holdTable(
  side: World['target'],
  { table = 'shop.prices', mode = 'SHARE' }: { readonly table?: string; readonly mode?: string } = {},
): Promise<HeldTable> {
  const client = await side.connect();
  await client.query(`BEGIN; LOCK TABLE ${table} IN ${mode} MODE`);
  const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = '${table}'::regclass`;
  const release = async (): Promise<void> => {
    await client.query('COMMIT');
  };
  return {
    isWaitedFor: () =>
      expect.poll(async () => (await ask(side.url, waiting)).length, { timeout: 30_000 }).toBeGreaterThan(0),
    release,
    [Symbol.asyncDispose]: release,
  };
}

const someWrites = ({ places }: World): Promise<void> =>
  expect
    .poll(async () => (await fencesThatWrote(places.target)).length, { timeout: 30_000 })
    .toBeGreaterThan(0);
