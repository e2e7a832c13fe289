import { describe, expect, test } from 'vitest';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';

const both = { collections: ['items', 'others'] };
const tables = `
CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE others (id int PRIMARY KEY, name text)`;

interface Away extends AsyncDisposable {
  readonly trial: LiveTrial;
  readonly running: LiveRun;
  readonly proxy: FaultProxy;
}

/** A live pipeline that hears of a new column while its destination is away. */
async function openAway(capture: Capture): Promise<Away> {
  await using opened = new AsyncDisposableStack();
  const trial = opened.use(await openLiveTrial({ capture }));
  await trial.both(tables);
  const proxy = opened.use(await startFaultProxy(trial.target.url));
  const running = opened.use(await trial.start(both, { target: proxy.url(trial.target.url) }));
  proxy.halfOpen();
  await trial.source.query('ALTER TABLE items ADD note text');
  await running.until('it noticed', () => running.log.all('retry').length > 0);
  // It waits behind a window when one was on its way: for so many attempts that the catalogue was looked at since.
  const attempts = () => running.log.all('retry').length;
  await running.until('it is told', () => running.log.all('barrier').length > 0 || attempts() > 4);
  const kept = opened.move();
  return { trial, running, proxy, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function isDecided({ trial, running }: Away): Promise<void> {
  await running.until('it stopped', () =>
    running.log
      .all('collection.status')
      .some(({ collection, status }) => collection === 'public.items' && status === 'stopped'),
  );
  await trial.source.query(`INSERT INTO others VALUES (1, 'flows')`);
  await running.inStep('others');
  expect(running.status.status).toBe('degraded');
}

describe.each(captures)(
  'a shape that changes while the destination is away, with %s',
  { timeout: 60_000 },
  (capture) => {
    test('is decided once it is back', async () => {
      await using away = await openAway(capture);
      await away.proxy.heal();
      await isDecided(away);
    });

    test('keeps nobody from pausing, and is decided after that', async () => {
      await using away = await openAway(capture);
      const { running, proxy } = away;
      await running.engine.pause('it');
      await running.until('it is paused', () => running.status.status === 'paused');
      await proxy.heal();
      await running.engine.resume('it');
      await isDecided(away);
    });
  },
);

describe.each(captures)('a table that is written anew, with %s', { timeout: 60_000 }, (capture) => {
  test('is compared although the same migration makes another collection begin again', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(tables);
    await trial.source.query(`INSERT INTO items VALUES (1, 'one'); INSERT INTO others VALUES (1, 'one')`);
    await using running = await trial.start({ ...both, drift: { columnAdded: 'follow' } });
    await trial.source.query(`BEGIN; ALTER TABLE items ADD note text; INSERT INTO items VALUES (2, 'two', 'new');
      ALTER TABLE others ALTER name TYPE text USING 'written anew'; COMMIT`);
    await running.inStep('items', 'others');
  });
});
