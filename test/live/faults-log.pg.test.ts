import { describe, expect, test } from 'vitest';
import { type LiveRun, openLiveTrial } from './support/live-trial.ts';

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'first' FROM generate_series(1, 300) n`;
const settings = { collections: ['items'], guard: { maxLeavingShare: 1 } };
const walked = (running: LiveRun): boolean =>
  running.log.all('healed').length > 0 || running.log.all('gap').length > 0;

/** What is done to the log of a pipeline that runs; the application goes on writing in any case. */
const damages: Readonly<Record<string, string>> = {
  dropped: 'DROP TABLE lockstep.log_it',
  'dropped with all of ours': 'DROP SCHEMA lockstep CASCADE',
  truncated: 'TRUNCATE lockstep.log_it',
  'robbed of rows': 'DELETE FROM lockstep.log_it',
};

describe('the log of the triggers', { timeout: 60_000 }, () => {
  test.each(Object.entries(damages))('is %s while the pipeline runs', async (_, damage) => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(settings);
    await trial.source.query(`
      BEGIN; UPDATE items SET name = 'before' WHERE id <= 50; DELETE FROM items WHERE id BETWEEN 51 AND 60; COMMIT;
      BEGIN; ${damage}; UPDATE items SET name = 'inside' WHERE id BETWEEN 61 AND 80; COMMIT;
      UPDATE items SET name = 'after' WHERE id > 280; INSERT INTO items VALUES (1000, 'after')`);
    await running.inStep('items');
    await trial.source.query(
      `INSERT INTO items VALUES (1001, 'last'); UPDATE items SET name = 'last' WHERE id = 1`,
    );
    await running.inStep('items');
    await running.live();
    expect(await trial.expectSame('items')).toBe(292);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test('a gap is walked once, although it may have changed shapes', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(settings);
    await trial.source.query(`TRUNCATE lockstep.log_it; UPDATE items SET name = 'after' WHERE id > 280`);
    await running.until('there is a gap', () => running.log.all('gap').length > 0);
    await running.until('it is walked', () => running.log.all('healed').length > 0);
    await running.live();
    const walks = running.log.all('collection.status').filter(({ status }) => status === 'healing');
    expect(walks).toHaveLength(running.log.all('gap').length);
  });

  test.each(Object.entries(damages))('was %s while the pipeline stood', async (_, damage) => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    {
      await using running = await trial.start(settings);
      await running.stop();
    }
    await trial.source.query(
      `UPDATE items SET name = 'unseen' WHERE id <= 50; DELETE FROM items WHERE id > 290`,
    );
    await trial.source.query(damage);
    await trial.source.query(`INSERT INTO items VALUES (1000, 'after')`);
    await using running = await trial.start(settings);
    await running.until('it walks', () => walked(running));
    await running.inStep('items');
    await running.live();
    expect(await trial.expectSame('items')).toBe(291);
  });

  test('a right on it that is taken away: it is told, and granted again all is equal', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    const role = await trial.source.createRole();
    const database = new URL(trial.source.url).pathname.slice(1);
    await trial.both(table);
    await trial.source.query(
      `${fill}; GRANT CREATE ON DATABASE ${database} TO ${role}; ALTER TABLE items OWNER TO ${role}; GRANT ALL ON SCHEMA public TO ${role}`,
    );
    await using running = await trial.start(settings, { source: trial.source.urlFor({ user: role }) });
    await trial.source.query(`REVOKE ALL ON lockstep.log_it FROM ${role}`);
    // The application is another role, and nothing may fail for it.
    await trial.source.query(`UPDATE items SET name = 'unseen' WHERE id <= 50`);
    await trial.source.query(`GRANT ALL ON lockstep.log_it TO ${role}`);
    await trial.source.query(`INSERT INTO items VALUES (1000, 'after')`);
    await running.inStep('items');
    await running.live();
    expect(await trial.expectSame('items')).toBe(301);
  });

  test('is locked: writers wait for the patience of the triggers and no longer, and what was not logged is walked', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(settings);
    const holder = await trial.source.connect();
    await holder.query('BEGIN; LOCK TABLE lockstep.log_it IN ACCESS EXCLUSIVE MODE');
    const beganAt = performance.now();
    await trial.source.query(
      `UPDATE items SET name = 'unlogged' WHERE id <= 50; DELETE FROM items WHERE id > 290`,
    );
    expect(performance.now() - beganAt).toBeLessThan(3_000);
    await holder.query('COMMIT');
    await running.until('it walks', () => walked(running));
    await running.inStep('items');
    await running.live();
    expect(await trial.expectSame('items')).toBe(290);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test('is above its bounds: it stops growing, and what was left out is walked (rule 10)', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    const ways = { captureConfig: { maxLogRows: 1_000 } };
    {
      await using running = await trial.start(settings, ways);
      await running.stop();
    }
    for (let turn = 0; turn < 30; turn += 1)
      await trial.source.query(
        `INSERT INTO items SELECT n, 'turn ${turn}' FROM generate_series(1, 200) n ON CONFLICT (id) DO UPDATE SET name = excluded.name`,
      );
    const [{ n } = { n: 0 }] = await trial.source.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM lockstep.log_it',
    );
    expect(n).toBeLessThanOrEqual(1_600);
    await using running = await trial.start(settings, ways);
    await running.until('it walks', () => walked(running));
    await running.inStep('items');
    await trial.source.query('DELETE FROM items WHERE id > 150');
    await running.inStep('items');
    await running.live();
    expect(await trial.expectSame('items')).toBe(150);
  });

  test('what happened to a table meanwhile is told all the same: its news are skipped with the gap', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(settings);
    // As long as it is open, nothing behind it is read.
    const holder = await trial.source.connect();
    await holder.query('BEGIN; SELECT pg_current_xact_id()');
    await trial.source.query('DELETE FROM lockstep.log_it');
    await trial.source.query(`ALTER TABLE items ADD note text DEFAULT 'none'`);
    await running.until(
      'the news are in the log',
      async () => (await trial.source.query(`SELECT FROM lockstep.log_it WHERE op = 'w'`)).length > 0,
    );
    await holder.query('ROLLBACK');
    await running.until('the gap is told', () => running.log.all('gap').length > 0);
    await running.until('it stopped', () =>
      running.log.all('collection.status').some(({ status }) => status === 'stopped'),
    );
    expect(running.status.nextStep).toContain('ADD COLUMN');
  });

  test('NOTIFY is lost: a poll finds what it told of', async () => {
    await using trial = await openLiveTrial({ capture: 'triggers' });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(settings);
    await running.inStep('items');
    // Whoever listens is deaf from now on: its channel is taken away where the triggers send.
    await trial.source.query(`
      DO $$ DECLARE f regprocedure; BEGIN
        FOR f IN SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'lockstep'::regnamespace AND prosrc LIKE '%pg_notify%' LOOP
          EXECUTE replace(pg_get_functiondef(f), 'lockstep_it', 'nobody_listens');
        END LOOP;
      END $$`);
    await trial.source.query(`UPDATE items SET name = 'unheard' WHERE id <= 10`);
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(300);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });
});
