import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { startFaultProxy, type Tap } from '../support/fault-proxy.ts';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';

const table = `CREATE TABLE items (id int PRIMARY KEY, name text UNIQUE NOT NULL);
  CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 50) n`;
/** Only the window has it. */
const mark = 'item 51';
/** While the destination is away, so that a window waits to be written there. */
const work = `BEGIN; UPDATE items SET name = 'new' WHERE id = 1; DELETE FROM items WHERE id = 2;
  INSERT INTO items VALUES (51, '${mark}'); COMMIT`;

/** ReadyForQuery outside of a transaction: what was sent before is committed. */
const isIdle = Buffer.from('Z\0\0\0\x05I', 'latin1');

interface Away extends AsyncDisposable {
  readonly trial: LiveTrial;
  readonly running: LiveRun;
  /** Nothing passes any more, neither way; or from the answer on that the window is committed. */
  leave(when: 'now' | 'after the commit'): void;
  back(): Promise<void>;
}

async function open(capture: Capture): Promise<Away> {
  await using opened = new AsyncDisposableStack();
  const trial = opened.use(await openLiveTrial({ capture }));
  await trial.both(table);
  await trial.source.query(fill);
  let isArmed = false;
  const writing = new WeakSet<object>();
  const tap: Tap = ({ direction, bytes, link }) => {
    if (!isArmed) return;
    if (direction === 'toTarget' && bytes.includes(mark)) writing.add(link);
    if (direction === 'toTarget' || !writing.has(link) || !bytes.includes(isIdle)) return;
    isArmed = false;
    proxy.halfOpen();
  };
  const proxy = opened.use(await startFaultProxy(trial.target.url, { tap }));
  const target = proxy.url(trial.target.url);
  const running = opened.use(await trial.start({ collections: ['items', 'others'] }, { target }));
  const kept = opened.move();
  return {
    trial,
    running,
    leave: (when) => {
      if (when === 'now') proxy.halfOpen();
      else isArmed = true;
    },
    back: () => proxy.heal(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

const waits = ({ running }: Away): Promise<void> =>
  running.until('a window waits to be written', () =>
    running.log.all('retry').some(({ what }) => what === 'write the destination'),
  );

const pause = async ({ running }: Away): Promise<void> => {
  await running.engine.pause('it', { reason: 'the destination is being mended' });
  await running.until('it is paused', () => running.status.status === 'paused');
};

/** A window waits to be written, and somebody has paused. */
async function openPaused(capture: Capture): Promise<Away> {
  await using opened = new AsyncDisposableStack();
  const away = opened.use(await open(capture));
  away.leave('now');
  await away.trial.source.query(work);
  await waits(away);
  await pause(away);
  const kept = opened.move();
  return { ...away, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const goesOn = async ({ running }: Away): Promise<void> => {
  await running.engine.resume('it');
  await running.live();
  await running.inStep('items');
  expect(await running.letters()).toEqual([]);
};

const newRows = async ({ trial }: Away): Promise<number> =>
  (await trial.target.query(`SELECT FROM items WHERE name = 'new'`)).length;

describe.each(captures)('a pipeline whose destination is away, with %s', { timeout: 90_000 }, (capture) => {
  test('hears a pause, writes nothing while it is paused, and goes on where it stood (L7)', async () => {
    await using away = await openPaused(capture);
    const { trial } = away;
    await away.back();
    // That nothing comes has no state to wait for: this is longer than any pause between attempts (`brief`: 100 and 200 ms).
    await delay(1_000);
    expect(await newRows(away)).toBe(0);
    await trial.source.query(`UPDATE items SET name = 'while it was paused' WHERE id = 3`);
    await goesOn(away);
  });

  test('asks where it stands when what it wrote had arrived and the answer had not', async () => {
    await using away = await open(capture);
    const { trial, running } = away;
    away.leave('after the commit');
    await trial.source.query(work);
    await running.until('it has arrived', async () => (await newRows(away)) === 1);
    await waits(away);
    await pause(away);
    await trial.source.query(
      `DELETE FROM items WHERE id = 51; UPDATE items SET name = 'item 1' WHERE id = 1`,
    );
    await away.back();
    await goesOn(away);
  });

  test('may be paused, resumed and paused again before it is back', async () => {
    await using away = await openPaused(capture);
    const { running } = away;
    await running.engine.resume('it');
    await running.until('it goes on', () => running.status.status !== 'paused');
    await pause(away);
    await running.engine.resume('it');
    await away.back();
    await running.live();
    await running.inStep('items');
  });

  test('goes on with the others although a table is gone when somebody resumes', async () => {
    await using away = await openPaused(capture);
    const { trial, running } = away;
    await trial.source.query('DROP TABLE others');
    await away.back();
    await running.engine.resume('it');
    await running.inStep('items');
    await trial.source.query(`UPDATE items SET name = 'after that' WHERE id = 4`);
    await running.inStep('items');
    await running.until('it says so', () => running.status.status === 'degraded');
    expect(running.status.reason).toContain('others');
  });
});
