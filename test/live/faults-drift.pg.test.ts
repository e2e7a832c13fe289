import { describe, expect, test } from 'vitest';
import { type Capture, captures, type LiveRun, type LiveTrial, openLiveTrial } from './support/live-trial.ts';
import { rowsIn } from './support/side.ts';

const tables = `
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE TABLE items (id int PRIMARY KEY, name varchar(20) NOT NULL, size int, mood mood);
CREATE TABLE others (id int PRIMARY KEY, name text)`;
const fill = `INSERT INTO items SELECT n, 'item ' || n, n, 'fine' FROM generate_series(1, 300) n; INSERT INTO others VALUES (1, 'one')`;
const drift = { columnAdded: 'follow', columnDropped: 'follow', typeChanged: 'follow' } as const;
const both = { collections: ['items', 'others'] };

async function opened(capture: Capture): Promise<LiveTrial> {
  const trial = await openLiveTrial({ capture });
  await trial.both(tables);
  await trial.source.query(fill);
  return trial;
}

const stopOf = (running: LiveRun) =>
  running.log.all('collection.status').findLast(({ status }) => status === 'stopped');

/** What somebody is told to run: between the cure's colon and its end. */
const statementsOf = (running: LiveRun): string =>
  /statements: (.*)\. Then: lockstep resync/s.exec(stopOf(running)?.nextStep ?? '')?.[1] ?? '';

const stopped = (running: LiveRun): Promise<void> =>
  running.until('it stopped', () => stopOf(running) !== undefined);

async function othersGoOn({ source }: LiveTrial, running: LiveRun): Promise<void> {
  await source.query(`INSERT INTO others SELECT max(id) + 1, 'more' FROM others`);
  await running.inStep('others');
  expect(running.status.status).toBe('degraded');
}

/** The judge names columns: their order may differ after a migration. */
const same = (trial: LiveTrial, table: string): Promise<boolean> =>
  trial.expectSame(table).then(
    () => true,
    () => false,
  );

const changes: Readonly<Record<string, { readonly ddl: string; readonly dml: string }>> = {
  'a column is added': {
    ddl: `ALTER TABLE items ADD note text DEFAULT 'none'`,
    dml: `UPDATE items SET note = 'new' WHERE id <= 10; INSERT INTO items VALUES (1000, 'x', 1, 'sad', 'y')`,
  },
  'a column is dropped': {
    ddl: 'ALTER TABLE items DROP size',
    dml: `UPDATE items SET name = 'new' WHERE id <= 10; INSERT INTO items VALUES (1000, 'x', 'sad')`,
  },
  'a column is renamed': {
    ddl: 'ALTER TABLE items RENAME size TO width',
    dml: `UPDATE items SET width = -1 WHERE id <= 10; INSERT INTO items VALUES (1000, 'x', 1, 'sad')`,
  },
  'a column gets another type': {
    ddl: 'ALTER TABLE items ALTER name TYPE text, ALTER size TYPE bigint',
    dml: `UPDATE items SET size = 10000000000, name = repeat('n', 50) WHERE id <= 10; INSERT INTO items VALUES (1000, 'x', 1, 'sad')`,
  },
};

describe.each(captures)('with %s', { timeout: 60_000 }, (capture) => {
  describe.each(Object.entries(changes))('%s', (_, { ddl, dml }) => {
    test('the collection stops with the exact statements, others go on, and they cure it', async () => {
      await using trial = await opened(capture);
      await using running = await trial.start(both);
      await trial.source.query(ddl);
      await trial.source.query(dml);
      await stopped(running);
      expect(stopOf(running)?.collection).toBe('public.items');
      await othersGoOn(trial, running);
      expect(statementsOf(running)).toMatch(/ALTER TABLE/);
      await trial.target.query(statementsOf(running));
      expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
        state: 'done',
      });
      await running.live();
      await running.inStep('others');
      await running.until('all is equal', () => same(trial, 'items'));
      expect(await trial.expectSame('items')).toBe(301);
      // A value that no longer fits may be refused before anybody can tell why: its letter goes with the cause.
      await running.until('no letter', async () => (await running.letters()).length === 0);
    });

    test('with `follow` the target follows', async () => {
      await using trial = await opened(capture);
      await using running = await trial.start({ ...both, drift });
      await trial.source.query(ddl);
      await trial.source.query(dml);
      await running.until('the target has the shape', async () => {
        const columns = `SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY 1`;
        const [one, other] = await Promise.all([trial.source.query(columns), trial.target.query(columns)]);
        return JSON.stringify(one) === JSON.stringify(other);
      });
      await running.until('the rows follow', async () => (await rowsIn(trial.target, 'items')) === 301);
      await running.live();
      expect(stopOf(running)).toBeUndefined();
      await running.until('all is equal', () => same(trial, 'items'));
    });
  });

  test('a column that is added is left out with `ignore`', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, drift: { columnAdded: 'ignore' } });
    await trial.source.query(changes['a column is added']?.ddl ?? '');
    await trial.source.query(changes['a column is added']?.dml ?? '');
    await running.until('the row', async () => (await rowsIn(trial.target, 'items WHERE id = 1000')) === 1);
    expect(stopOf(running)).toBeUndefined();
    await trial.target.query('ALTER TABLE items ADD note text');
    await trial.target.query('UPDATE items SET note = NULL');
    const columns = 'id, name, size, mood';
    const sum = `SELECT count(*)::int AS n, sum(hashtextextended(x::text, 0))::text AS sum FROM (SELECT ${columns} FROM items) x`;
    expect(await trial.target.query(sum)).toEqual(await trial.source.query(sum));
  });

  test('a column that is ignored stays so when another one is followed, and over a restart', async () => {
    await using trial = await opened(capture);
    const policy = { columnAdded: 'ignore', typeChanged: 'follow' } as const;
    const columns = async () =>
      (
        await trial.target.query<{ name: string }>(
          `SELECT attname AS name FROM pg_attribute WHERE attrelid = 'items'::regclass AND attnum > 0 ORDER BY attnum`,
        )
      ).map(({ name }) => name);
    const same = async () => {
      const sum = `SELECT count(*)::int AS n, sum(hashtextextended(x::text, 0))::text AS sum FROM (SELECT id, name, size, mood FROM items) x`;
      const [one, other] = await Promise.all([trial.source.query(sum), trial.target.query(sum)]);
      return JSON.stringify(one) === JSON.stringify(other);
    };
    {
      await using running = await trial.start({ ...both, drift: policy });
      await trial.source.query(`ALTER TABLE items ADD note text DEFAULT 'none'`);
      await trial.source.query(`UPDATE items SET name = 'first' WHERE id <= 5`);
      await running.until('the rows', same);
      await trial.source.query('ALTER TABLE items ALTER size TYPE bigint');
      await trial.source.query('UPDATE items SET size = 10000000000 WHERE id <= 5');
      await running.until('the type follows', same);
      await running.live();
      expect(stopOf(running)).toBeUndefined();
      expect(await columns()).toEqual(['id', 'name', 'size', 'mood']);
      await running.stop();
    }
    await using running = await trial.start({ ...both, drift: policy });
    await trial.source.query(`UPDATE items SET name = 'after', note = 'seen by nobody' WHERE id <= 5`);
    await running.until('it flows', same);
    expect(await columns()).toEqual(['id', 'name', 'size', 'mood']);
    expect((await running.engine.verify('it')).equal).toBe(true);
  });

  test('a value is added to an enum', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start(both);
    await trial.source.query(`ALTER TYPE mood ADD VALUE 'great'`);
    await trial.source.query(
      `UPDATE items SET mood = 'great' WHERE id <= 3; UPDATE items SET mood = 'sad' WHERE id > 295`,
    );
    await running.until(
      'it is said',
      async () => stopOf(running) !== undefined || (await running.letters()).length > 0,
    );
    await running.until('others flow', async () => (await rowsIn(trial.target, `others`)) === 1);
    if (stopOf(running) !== undefined) await trial.target.query(statementsOf(running));
    else await trial.target.query(`ALTER TYPE mood ADD VALUE 'great'`);
    if (stopOf(running) !== undefined) await running.engine.resync('it', { collections: ['public.items'] });
    else await running.engine.replay('it');
    await running.inStep('items');
    await running.until('no letter', async () => (await running.letters()).length === 0);
    expect(await trial.expectSame('items')).toBe(300);
  });

  test.each([
    ['renamed', 'ALTER TABLE items RENAME TO items_aside', 'ALTER TABLE items_aside RENAME TO items'],
    [
      'dropped',
      'DROP TABLE items',
      `CREATE TABLE items (id int PRIMARY KEY, name varchar(20) NOT NULL, size int, mood mood); INSERT INTO items VALUES (1, 'back', 1, 'sad')`,
    ],
  ])('a table that is %s stops its collection only; it is back and all is equal', async (_, away, back) => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, guard: { maxLeavingShare: 1 } });
    await trial.source.query(away);
    await stopped(running);
    await othersGoOn(trial, running);
    expect(await rowsIn(trial.target, 'items')).toBe(300);
    await trial.source.query(back);
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.inStep('items', 'others');
    await trial.source.query(`UPDATE items SET name = 'after' WHERE id = 1`);
    await running.inStep('items');
    expect(await trial.expectSame('items', 'others')).toBeGreaterThan(2);
  });

  test('a collection whose table is gone does not keep another one from following, nor from starting again', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start({ ...both, drift });
    await trial.source.query('DROP TABLE items');
    await stopped(running);
    await trial.source.query(
      `ALTER TABLE others ADD note text; INSERT INTO others VALUES (2, 'two', 'noted')`,
    );
    await running.until('it follows', () => same(trial, 'others'));
    await running.stop();
    await using restarted = await trial.begin({ ...both, drift });
    await trial.source.query(`INSERT INTO others VALUES (3, 'three', 'after the start')`);
    await restarted.until('it flows', () => same(trial, 'others'));
    const inVain = restarted.engine.resync('it', { collections: ['public.items'] });
    await expect(inVain).rejects.toMatchObject({ code: 'request-failed' });
    await trial.source.query(`INSERT INTO others VALUES (4, 'four', 'and goes on')`);
    await restarted.until('it flows still', () => same(trial, 'others'));
  });

  test('a column that is dropped at the target stops its collection only', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start(both);
    await trial.target.query('ALTER TABLE items DROP size');
    await trial.source.query(
      `UPDATE items SET name = 'new' WHERE id <= 10; UPDATE items SET size = 5 WHERE id = 11`,
    );
    await stopped(running);
    await othersGoOn(trial, running);
    await trial.target.query('ALTER TABLE items ADD size int');
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.live();
    await trial.source.query('UPDATE items SET size = 7 WHERE id = 12');
    await running.until(
      'the row',
      async () => (await rowsIn(trial.target, 'items WHERE size = 7 AND id = 12')) === 1,
    );
    const sum =
      'SELECT sum(hashtextextended(x::text, 0))::text AS sum FROM (SELECT id, name, size, mood FROM items) x';
    await running.until(
      'all is equal',
      async () =>
        JSON.stringify(await trial.target.query(sum)) === JSON.stringify(await trial.source.query(sum)),
    );
  });

  test('a right that is revoked at the target, and granted again', async () => {
    await using trial = await opened(capture);
    const role = await trial.target.createRole();
    const database = new URL(trial.target.url).pathname.slice(1);
    await trial.target.query(
      `GRANT CREATE ON DATABASE ${database} TO ${role}; GRANT ALL ON items, others TO ${role}; GRANT USAGE ON SCHEMA public TO ${role}`,
    );
    await using running = await trial.start(both, { target: trial.target.urlFor({ user: role }) });
    await trial.target.query(`REVOKE UPDATE ON items FROM ${role}`);
    await trial.source.query(`UPDATE items SET name = 'new' WHERE id <= 10`);
    await stopped(running);
    expect(stopOf(running)?.nextStep).toContain('resync it public.items');
    await othersGoOn(trial, running);
    await trial.target.query(`GRANT UPDATE ON items TO ${role}`);
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.inStep('items', 'others');
    await running.live();
    expect(await trial.expectSame('items', 'others')).toBe(302);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });

  test('values that a statement on the table made anew, without another type, are walked', async () => {
    await using trial = await opened(capture);
    await using running = await trial.start(both);
    await trial.source.query('ALTER TABLE items ALTER size TYPE int USING size * 2');
    await running.inStep('items');
    await running.live();
    // A truncation makes another file too, and is walked once, for what it is.
    const walked = () => running.log.all('healed').length;
    const before = walked();
    await trial.source.query(`TRUNCATE others; INSERT INTO others VALUES (1, 'anew')`);
    await trial.source.query('VACUUM FULL items');
    await trial.source.query(`UPDATE items SET name = 'after' WHERE id = 1`);
    await running.inStep('items');
    expect(stopOf(running)).toBeUndefined();
    expect(await trial.expectSame('items', 'others')).toBe(301);
    await running.until('the table that was packed is compared', () =>
      running.log
        .all('healed')
        .slice(before)
        .some(({ collections }) => collections[0] === 'public.items'),
    );
    await running.live();
    const others = running.log.all('healed').filter(({ collections }) => collections[0] === 'public.others');
    expect(others).toHaveLength(1);
  });

  test('a row that the target lacks, and that may not be read, stops its collection only', async () => {
    await using trial = await openLiveTrial({ capture });
    await trial.both(
      'CREATE TABLE items (id int PRIMARY KEY, name text, body text); CREATE TABLE others (id int PRIMARY KEY, name text)',
    );
    await trial.source.query('ALTER TABLE items ALTER body SET STORAGE EXTERNAL');
    await trial.source.query(
      `INSERT INTO items SELECT n, 'first', repeat('x', 20000) FROM generate_series(1, 20) n; INSERT INTO others VALUES (1, 'one')`,
    );
    const role = await trial.source.createRole('REPLICATION');
    const database = new URL(trial.source.url).pathname.slice(1);
    await trial.source.query(
      `GRANT CREATE ON DATABASE ${database} TO ${role}; ALTER TABLE items OWNER TO ${role}; ALTER TABLE others OWNER TO ${role}; GRANT ALL ON SCHEMA public TO ${role}`,
    );
    await using running = await trial.start(both, { source: trial.source.urlFor({ user: role }) });
    await trial.target.query('DELETE FROM items WHERE id = 1');
    await trial.source.query(`REVOKE SELECT ON items FROM ${role}`);
    // Its large value is not told: what the target lacks has to be read.
    await trial.source.query(`UPDATE items SET name = 'new' WHERE id <= 10`);
    await stopped(running);
    await othersGoOn(trial, running);
    await trial.source.query(`GRANT SELECT ON items TO ${role}`);
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.inStep('items', 'others');
    expect(await trial.expectSame('items')).toBe(20);
  });

  test('a right that is revoked at the source, and granted again', async () => {
    await using trial = await opened(capture);
    const role = await trial.source.createRole('REPLICATION');
    const database = new URL(trial.source.url).pathname.slice(1);
    await trial.source.query(
      `GRANT CREATE ON DATABASE ${database} TO ${role}; ALTER TABLE items OWNER TO ${role}; ALTER TABLE others OWNER TO ${role}; GRANT ALL ON SCHEMA public TO ${role}`,
    );
    await using running = await trial.start(both, { source: trial.source.urlFor({ user: role }) });
    await trial.source.query(`REVOKE SELECT ON items FROM ${role}`);
    await trial.source.query(`UPDATE items SET name = 'new' WHERE id <= 10`);
    // The server's own change stream needs no right on a row; a comparison does.
    if (capture === 'logical') await running.engine.resync('it', { wait: false });
    await stopped(running);
    await othersGoOn(trial, running);
    await trial.source.query(
      `GRANT SELECT ON items TO ${role}; UPDATE items SET name = 'newer' WHERE id <= 5`,
    );
    expect(await running.engine.resync('it', { collections: ['public.items'] })).toMatchObject({
      state: 'done',
    });
    await running.inStep('items', 'others');
    await running.live();
    expect(await trial.expectSame('items', 'others')).toBe(302);
    expect(running.log.all('dead-letter.put')).toEqual([]);
  });
});
