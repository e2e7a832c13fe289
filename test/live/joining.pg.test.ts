import { describe, expect, test } from 'vitest';
import { type Capture, captures, type LiveTrial, openLiveTrial } from './support/live-trial.ts';

const tables = `
CREATE TABLE items (id int PRIMARY KEY, name text);
CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 300) n; INSERT INTO others VALUES (1, 'one')`;
const both = { collections: ['items', 'others'] };
const one = { collections: ['others'] };

async function opened(capture: Capture): Promise<LiveTrial> {
  const trial = await openLiveTrial({ capture });
  await trial.both(tables);
  await trial.source.query(fill);
  return trial;
}

async function once(trial: LiveTrial, settings: typeof both): Promise<void> {
  await using running = await trial.start(settings);
  await running.stop();
}

describe.each(captures)('collections that join, with %s (rule 5, L4)', { timeout: 60_000 }, (capture) => {
  test('a collection that left the configuration and is back is walked: its changes were not told meanwhile', async () => {
    await using trial = await opened(capture);
    await once(trial, both);
    {
      await using running = await trial.start(one);
      expect(running.log.all('notice').map(({ message }) => message)).toContainEqual(
        expect.stringContaining('public.items'),
      );
      await trial.source.query(
        `UPDATE items SET name = 'unseen' WHERE id <= 10; DELETE FROM items WHERE id = 11; INSERT INTO items VALUES (1000, 'unseen')`,
      );
      await trial.source.query(`INSERT INTO others VALUES (2, 'two')`);
      await running.inStep('others');
      await running.stop();
    }
    await using running = await trial.start(both);
    await running.inStep('items', 'others');
    await running.live();
    expect(await trial.expectSame('items')).toBe(300);
  });

  test('a new collection that waits for an open transaction holds up no walk of another one', async () => {
    await using trial = await opened(capture);
    await once(trial, one);
    const holder = await trial.source.connect();
    await trial.source.query('CREATE TABLE elsewhere (id int)');
    await holder.query('BEGIN; INSERT INTO elsewhere VALUES (1)');
    await using running = await trial.begin(both);
    await running.until('it waits', () => running.status.reason.includes('public.items'));
    await running.engine.resync('it', { collections: ['public.others'], wait: false });
    const walked = () => running.log.all('healed').flatMap(({ collections }) => collections);
    await running.until('the other one is walked', () => walked().includes('public.others'));
    expect(walked()).not.toContain('public.items');
    await holder.query('COMMIT');
    await running.inStep('items', 'others');
    await running.live();
    expect(await trial.expectSame('items')).toBe(300);
  });

  test('a collection that leaves the configuration while it is walked keeps nobody from being live', async () => {
    await using trial = await opened(capture);
    await once(trial, both);
    {
      await using running = await trial.start(both);
      const holder = await trial.target.connect();
      await holder.query('BEGIN; LOCK items IN ACCESS EXCLUSIVE MODE');
      await running.engine.resync('it', { collections: ['public.items'], wait: false });
      await running.until('it is walked', () => running.status.reason.includes('public.items'));
      const stopping = running.stop();
      await holder.query('ROLLBACK');
      await stopping;
    }
    await using running = await trial.start(one);
    await running.live();
    expect(running.status.reason).toBe('changes flow');
  });

  test('a table that matches a pattern, dropped and made anew while nobody looked, is walked', async () => {
    await using trial = await opened(capture);
    const all = { collections: ['public.*'], guard: { maxLeavingShare: 1 } };
    await once(trial, all);
    await trial.source.query('DROP TABLE items');
    {
      await using running = await trial.start(all);
      expect(running.log.all('notice').map(({ message }) => message)).toContainEqual(
        expect.stringContaining('public.items'),
      );
      await running.stop();
    }
    await trial.source.query(
      `CREATE TABLE items (id int PRIMARY KEY, name text); INSERT INTO items SELECT n, 'anew ' || n FROM generate_series(1, 200) n`,
    );
    await using running = await trial.start(all);
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(200);
  });

  test('a transaction that was open when a collection joined is no loss, whenever it ends', async () => {
    await using trial = await opened(capture);
    await once(trial, one);
    const writer = await trial.source.connect();
    await writer.query(
      `BEGIN; INSERT INTO items VALUES (5000, 'late'); UPDATE items SET name = 'late' WHERE id = 1`,
    );
    await using running = await trial.begin(both);
    await trial.source.query(`INSERT INTO others VALUES (2, 'two')`);
    if (capture === 'logical') {
      // It holds up its own collection alone.
      await running.inStep('others');
      await running.until('it is filled', () =>
        running.log
          .all('collection.status')
          .some(({ collection, status }) => collection === 'public.items' && status === 'copying'),
      );
      expect(running.log.all('healed').flatMap(({ collections }) => collections)).not.toContain(
        'public.items',
      );
    } else await running.until('it waits', () => running.log.all('notice').length > 0);
    await writer.query('COMMIT');
    await running.live();
    await running.inStep('items', 'others');
    expect(await trial.expectSame('items')).toBe(301);
  });
});

test('a table that somebody took out of the publication while nobody looked is walked', {
  timeout: 60_000,
}, async () => {
  await using trial = await opened('logical');
  await once(trial, both);
  const [publication] = await trial.source.query<{ name: string }>(
    'SELECT pubname AS name FROM pg_publication',
  );
  await trial.source.query(`ALTER PUBLICATION "${publication?.name}" DROP TABLE items`);
  await trial.source.query(
    `UPDATE items SET name = 'unseen' WHERE id <= 10; DELETE FROM items WHERE id = 11`,
  );
  await using running = await trial.start(both);
  await running.inStep('items', 'others');
  expect(await trial.expectSame('items')).toBe(299);
});

test('columns that somebody took out of the publication while nobody looked are walked', {
  timeout: 60_000,
}, async () => {
  await using trial = await opened('logical');
  await once(trial, both);
  const [publication] = await trial.source.query<{ name: string }>(
    'SELECT pubname AS name FROM pg_publication',
  );
  await trial.source.query(`ALTER PUBLICATION "${publication?.name}" SET TABLE items (id), others`);
  await trial.source.query(`UPDATE items SET name = 'unseen' WHERE id <= 10`);
  await using running = await trial.start(both);
  await running.inStep('items', 'others');
  expect(await trial.expectSame('items')).toBe(300);
});
