import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { captures, type LiveRun, openLiveTrial } from './support/live-trial.ts';
import { ownSide, rowsIn } from './support/side.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await startPostgres({
    version: 18,
    settings: {
      max_prepared_transactions: '10',
      // Whoever asks for more than `local` waits for a standby that does not exist.
      synchronous_standby_names: 'nobody',
      synchronous_commit: 'local',
    },
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'first' FROM generate_series(1, 200) n`;

const waitedFor = (running: LiveRun): string =>
  JSON.stringify(running.log.all('lag').flatMap(({ retained }) => retained?.waitingFor ?? []));

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  test('a transaction that stays open and a forgotten prepared one are named; what they commit late is not lost', async () => {
    await using source = await ownSide(server);
    await using trial = await openLiveTrial({ capture, source });
    await trial.both(table);
    await source.query(fill);
    await using running = await trial.start({ collections: ['items'] });
    const open = await source.connect();
    await open.query(
      `BEGIN; INSERT INTO items VALUES (1000, 'late'); UPDATE items SET name = 'late' WHERE id = 1`,
    );
    const forgotten = await source.connect();
    await forgotten.query(
      `BEGIN; INSERT INTO items VALUES (2000, 'late'); UPDATE items SET name = 'late' WHERE id = 2; PREPARE TRANSACTION 'forgotten ${capture}'`,
    );
    await forgotten.end();
    await source.query(`INSERT INTO items VALUES (3000, 'early')`);
    await running.until('both are named', () => {
      const text = waitedFor(running);
      return text.includes(`prepared transaction \\"forgotten ${capture}\\"`) && text.includes('process ');
    });
    if (capture === 'logical')
      await running.until(
        'others flow',
        async () => (await rowsIn(trial.target, 'items WHERE id = 3000')) === 1,
      );
    else expect(running.lag).toBe('behind');
    await open.query('COMMIT');
    await source.query(`INSERT INTO items VALUES (3001, 'between')`);
    await source.query(`COMMIT PREPARED 'forgotten ${capture}'`);
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(204);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    expect(running.log.all('gap')).toEqual([]);
  });

  test('rows that change and go between the telling and the reading', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using proxy = await startFaultProxy(trial.source.url);
    await using running = await trial.start(
      { collections: ['items'], guard: { maxLeavingShare: 1 } },
      { source: proxy.url(trial.source.url), sourceConfig: { stallTimeoutMs: 10_000 } },
    );
    proxy.delay(60);
    const client = await trial.source.connect();
    for (let turn = 0; turn < 30; turn += 1)
      await client.query(
        `UPDATE items SET name = 'a${turn}' WHERE id % 3 = 0; SELECT pg_sleep(0.03); DELETE FROM items WHERE id % 9 = 0; SELECT pg_sleep(0.03);
         INSERT INTO items SELECT n, 'b${turn}' FROM generate_series(9, 90, 9) n; UPDATE items SET id = id + 1000 WHERE id = 4; SELECT pg_sleep(0.01); UPDATE items SET id = 4 WHERE id = 1004`,
      );
    await proxy.heal();
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBeGreaterThan(150);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test('a commit in the log that nobody can see yet: no older row comes after it', async () => {
    await using source = await ownSide(server);
    await using trial = await openLiveTrial({ capture, source });
    await trial.both(table);
    await source.query(fill);
    await trial.target.query(`
      CREATE TABLE stepped_back (id int);
      CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.stepped_back VALUES (NEW.id); RETURN NEW; END $$;
      CREATE TRIGGER watch BEFORE UPDATE ON items FOR EACH ROW WHEN (OLD.name = 'second' AND NEW.name = 'first') EXECUTE FUNCTION watch()`);
    await using running = await trial.start({ collections: ['items'] });
    await running.inStep('items');
    const writer = await source.connect();
    const [{ pid } = { pid: 0 }] = (await writer.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))
      .rows;
    await writer.query('SET synchronous_commit = on');
    const committing = writer.query(`UPDATE items SET name = 'second' WHERE id <= 5`);
    await running.until('the COMMIT waits', async () => {
      const rows = await source.query(
        `SELECT FROM pg_stat_activity WHERE pid = ${pid} AND wait_event = 'SyncRep'`,
      );
      return rows.length === 1;
    });
    const asked = running.engine.resync('it');
    // Whether it comes now or once it can be seen: never may it go back.
    await running.until('the lag was told twice', () => running.log.all('lag').length > 5);
    await source.query(`SELECT pg_cancel_backend(${pid})`);
    await committing;
    await asked;
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(200);
    expect(await rowsIn(trial.target, 'stepped_back')).toBe(0);
    expect(await rowsIn(trial.target, `items WHERE name = 'second'`)).toBe(5);
  });

  test('deadlocks with another writer at the destination', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    const database = new URL(trial.target.url).pathname.slice(1);
    await trial.target.query(`ALTER DATABASE ${database} SET deadlock_timeout = '20ms'`);
    await using running = await trial.start({ collections: ['items'] });
    const other = await trial.target.connect();
    let over = false;
    // In one order and the other: in which of them our rows are written is nobody's promise.
    const locking = (async () => {
      for (let [one, two] = [1, 200]; !over; [one, two] = [two, one])
        await other
          .query(
            `BEGIN; SELECT FROM items WHERE id = ${one} FOR UPDATE; SELECT pg_sleep(0.02); SELECT FROM items WHERE id = ${two} FOR UPDATE; COMMIT`,
          )
          .catch(() => other.query('ROLLBACK').catch(() => undefined));
    })();
    const deadlocks = async (): Promise<number> => {
      const sql = 'SELECT deadlocks::int AS n FROM pg_stat_database WHERE datname = current_database()';
      return (await trial.target.query<{ n: number }>(sql))[0]?.n ?? 0;
    };
    let turn = 0;
    await running.until('there were deadlocks', async () => {
      turn += 1;
      await trial.source.query(`UPDATE items SET name = 'turn ${turn}' WHERE id IN (1, 2, 100, 200)`);
      return turn > 20 && (await deadlocks()) >= 2;
    });
    over = true;
    await locking;
    await running.inStep('items');
    expect(await trial.expectSame('items')).toBe(200);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test.each(['ACCESS EXCLUSIVE', 'one row'])(
    'a lock (%s) held at the destination beyond every timeout is waited for, and no row is blamed',
    async (lock) => {
      await using trial = await openLiveTrial({ capture });
      await trial.both(`${table}; CREATE TABLE others (id int PRIMARY KEY)`);
      await trial.source.query(fill);
      await using running = await trial.start(
        { collections: ['items', 'others'] },
        { targetConfig: { statementTimeoutMs: 150 } },
      );
      const holder = await trial.target.connect();
      await holder.query('BEGIN');
      await holder.query(
        lock === 'one row' ? 'SELECT FROM items WHERE id = 1 FOR UPDATE' : `LOCK TABLE items IN ${lock} MODE`,
      );
      await trial.source.query(`UPDATE items SET name = 'waits' WHERE id <= 20`);
      await running.until('it failed many times', () => running.log.all('retry').length > 10);
      expect(running.status.status).toBe('degraded');
      await holder.query('COMMIT');
      await running.inStep('items');
      await running.live();
      expect(await trial.expectSame('items')).toBe(200);
      expect(running.log.all('dead-letter.put')).toEqual([]);
    },
  );

  test('a row that takes for ever, always and alone, is poison: it blocks no other', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(
      { collections: ['items'] },
      { targetConfig: { statementTimeoutMs: 200 } },
    );
    await trial.target.query(`
      CREATE FUNCTION stick() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NEW; END $$;
      CREATE TRIGGER stick BEFORE UPDATE ON items FOR EACH ROW WHEN (NEW.name = 'stuck') EXECUTE FUNCTION stick()`);
    await trial.source.query(
      `UPDATE items SET name = CASE id WHEN 7 THEN 'stuck' ELSE 'flows' END WHERE id <= 12`,
    );
    await running.until(
      'all others',
      async () => (await rowsIn(trial.target, `items WHERE name = 'flows'`)) === 11,
    );
    await running.until('its letter', async () => (await running.letters()).length === 1);
    expect(await running.letters()).toEqual(['["7"] parked']);
    await trial.source.query(`UPDATE items SET name = 'cured' WHERE id = 7`);
    await running.inStep('items');
    await running.until('no letter', async () => (await running.letters()).length === 0);
    expect(await trial.expectSame('items')).toBe(200);
    await running.live();
  });

  test('statements that take too long for a while', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(
      { collections: ['items'] },
      { targetConfig: { statementTimeoutMs: 100 } },
    );
    await trial.target.query(`
      CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
      CREATE TRIGGER slow BEFORE UPDATE ON items FOR EACH ROW EXECUTE FUNCTION slow()`);
    await trial.source.query(`UPDATE items SET name = 'slowly'`);
    await running.inStep('items');
    expect(running.log.all('retry').some(({ code }) => code === 'statement-timeout')).toBe(true);
    expect(await trial.expectSame('items')).toBe(200);
    expect(running.log.all('dead-letter.put')).toEqual([]);
    await running.live();
  });
});
