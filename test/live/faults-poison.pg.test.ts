import { describe, expect, test } from 'vitest';
import { captures, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const items = 'CREATE TABLE items (id int PRIMARY KEY, name text)';
const refuseBad = `ALTER TABLE items ADD CONSTRAINT no_bad CHECK (name <> 'bad')`;

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('10,000 rows of poison among as many others: exactly those are letters (rules 3, 6)', {
    timeout: 120_000,
  }, async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(items);
    await trial.target.query(refuseBad);
    await using running = await trial.start({ collections: ['items'] });
    let rows = 0;
    /** Every second one is poison. Returns the time until each is where it belongs. */
    const bring = async (count: number): Promise<number> => {
      const beganAt = performance.now();
      await trial.source.query(
        `INSERT INTO items SELECT n, CASE WHEN n % 2 = 0 THEN 'bad' ELSE 'good' END FROM generate_series(${rows + 1}, ${rows + count}) n`,
      );
      rows += count;
      const half = rows / 2;
      await running.until('all others', async () => (await rowsIn(trial.target, 'items')) === half);
      await running.until('all letters', () => running.log.all('dead-letter.put').length === half);
      return performance.now() - beganAt;
    };
    const ofFew = await bring(2_000);
    // Ten times as many take ten times as long, and not a hundred times.
    expect((await bring(20_000)) / ofFew).toBeLessThan(30);
    expect(new Set(running.log.all('dead-letter.put').map(({ key }) => key)).size).toBe(11_000);
    expect(running.log.all('dead-letter.put').every(({ key }) => Number(JSON.parse(key)[0]) % 2 === 0)).toBe(
      true,
    );
    await trial.source.query(`INSERT INTO items VALUES (30000, 'after')`);
    await running.until(
      'what follows',
      async () => (await rowsIn(trial.target, 'items WHERE id = 30000')) === 1,
    );
    await trial.source.query(
      `DELETE FROM items WHERE id % 4 = 0; UPDATE items SET name = 'cured' WHERE name = 'bad'`,
    );
    await running.inStep('items');
    await running.until('no letter', async () => (await running.letters()).length === 0);
    expect(await trial.expectSame('items')).toBeGreaterThan(14_000);
  });

  test('too many letters stop their collection only; cured, it is brought in step again', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(`${items}; CREATE TABLE others (id int PRIMARY KEY, name text)`);
    await trial.target.query(refuseBad);
    await using running = await trial.start({ collections: ['items', 'others'], deadLetterLimit: 50 });
    await trial.source.query(
      `INSERT INTO items SELECT n, 'bad' FROM generate_series(1, 100) n; INSERT INTO others VALUES (1, 'one')`,
    );
    await running.until('it stopped', () =>
      running.log
        .all('collection.status')
        .some(({ collection, status }) => collection === 'public.items' && status === 'stopped'),
    );
    await trial.source.query(`INSERT INTO items VALUES (500, 'good'); INSERT INTO others VALUES (2, 'two')`);
    await running.inStep('others');
    expect(running.status.status).toBe('degraded');
    expect(running.status.reason).toContain('items');
    expect(running.status.nextStep).toContain('resync it public.items');
    expect((await running.letters()).length).toBeLessThanOrEqual(50);
    await trial.target.query('ALTER TABLE items DROP CONSTRAINT no_bad');
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.inStep('items', 'others');
    await running.live();
    await running.until('no letter', async () => (await running.letters()).length === 0);
    expect(await trial.expectSame('items', 'others')).toBe(103);
  });

  test('a collection that stops while it is walked is not said to be live, and its letters can not be replayed', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(`${items}; CREATE TABLE others (id int PRIMARY KEY, name text)`);
    await trial.target.query(refuseBad);
    await trial.source.query(`INSERT INTO items SELECT n, 'good' FROM generate_series(1, 3000) n`);
    await using running = await trial.start({ collections: ['items', 'others'], deadLetterLimit: 50 });
    await trial.source.query(`INSERT INTO items SELECT n, 'bad' FROM generate_series(4001, 4010) n`);
    await running.until('letters', async () => (await running.letters()).length === 10);
    await trial.target.query(
      `DELETE FROM items; ALTER TABLE items ADD CONSTRAINT no_good CHECK (name <> 'good')`,
    );
    await expect(running.engine.resync('it', { collections: ['public.items'] })).rejects.toMatchObject({
      code: 'request-failed',
    });
    await trial.source.query(`INSERT INTO others VALUES (1, 'one')`);
    await running.inStep('others');
    expect(await running.engine.resync('it', { collections: ['public.others'] })).toMatchObject({
      state: 'done',
    });
    const told = running.log
      .all('collection.status')
      .filter(({ collection }) => collection === 'public.items');
    expect(told.at(-1)?.status).toBe('stopped');
    await trial.source.query(`INSERT INTO items VALUES (5000, 'good')`);
    const inVain = running.engine.replay('it');
    await expect(inVain).rejects.toMatchObject({ code: 'request-failed' });
    await expect(inVain).rejects.toThrow(/public\.items has stopped/);
  });

  test('letters: cured by a replay, forgotten by a discard, gone with their row', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(items);
    await trial.target.query(refuseBad);
    await using running = await trial.start({ collections: ['items'] });
    await trial.source.query(`INSERT INTO items SELECT n, 'bad' FROM generate_series(1, 4) n`);
    await running.until('four letters', async () => (await running.letters()).length === 4);
    expect(await running.letters()).toEqual(['["1"] parked', '["2"] parked', '["3"] parked', '["4"] parked']);
    // A replay of what is still poison changes nothing.
    expect(await running.engine.replay('it')).toMatchObject({ state: 'done' });
    expect(await running.letters()).toHaveLength(4);
    await trial.source.query('DELETE FROM items WHERE id = 1');
    await running.until('three letters', async () => (await running.letters()).length === 3);
    const { letters } = await running.engine.letters('it');
    const second = letters.find(({ key }) => key === '["2"]');
    await running.engine.discard('it', { letters: [second?.id ?? 0] });
    await running.until('two letters', async () => (await running.letters()).length === 2);
    await trial.target.query('ALTER TABLE items DROP CONSTRAINT no_bad');
    expect(await running.engine.replay('it')).toMatchObject({ state: 'done' });
    await running.until('no letter', async () => (await running.letters()).length === 0);
    // What was forgotten is drift, until it changes or somebody compares.
    expect(await rowsIn(trial.target, 'items WHERE id = 2')).toBe(0);
    expect(await running.engine.resync('it')).toMatchObject({ state: 'done' });
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(3);
  });
});
