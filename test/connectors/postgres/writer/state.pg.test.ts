import { describe, expect, it } from 'vitest';
import type { Chunk } from '../../../../src/protocol/chunk.ts';
import {
  chunkOf,
  chunks,
  holding,
  never,
  pipeline,
  row,
  upsert,
} from '../../../conformance/writer/writer-under-test.ts';
import { startFaultProxy } from '../../../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { openTable, openWriter, planFor } from './destination.ts';

const people = 'CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text)';
const parts = { target: 'people', columns: ['id', 'email', 'note'] };

const stored = async (db: TestDatabase) => (await db.query('SELECT * FROM people ORDER BY id')).rows;

/** A source that gives one chunk and then waits until it is let go. */
function halting() {
  const reached = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  async function* source(): AsyncGenerator<Chunk> {
    yield chunkOf([row(1, 'a')]);
    reached.resolve();
    await goOn.promise;
    yield chunkOf([row(2, 'b')]);
  }
  return { source: source(), reached: reached.promise, goOn: goOn.resolve };
}

const lockOfMaking = `SELECT pg_advisory_xact_lock(hashtextextended('lockstep state lockstep', 0))`;

const ourBackends = `SELECT pid, application_name AS name FROM pg_stat_activity
  WHERE datname = current_database() AND application_name LIKE 'lockstep conformance #%'`;

describe('state at the destination', () => {
  it('ends what an older owner has open, and nothing of it stays', async () => {
    await using db = await createTestDatabase();
    await using older = await openTable(db, people, parts);
    const { source, reached, goOn } = halting();
    const lost = expect(older.target.append(source, holding(1))).rejects.toMatchObject({
      code: 'connection-lost',
    });
    await reached;
    expect((await db.query(ourBackends)).rows).toMatchObject([{ name: 'lockstep conformance #1' }]);
    await using newer = await openWriter(db);
    await newer.attach(holding(2));
    goOn();
    await lost;
    expect(await stored(db)).toEqual([]);
    await expect(older.target.append(chunks(row(1, 'a')), holding(1))).rejects.toMatchObject({
      code: 'fence-lost',
    });
  });

  it('ends a change of our state that an older owner has open', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, parts);
    const older = await db.connect();
    const ended = new Promise((resolve) => older.on('error', resolve));
    await older.query(`BEGIN; SET LOCAL application_name = 'lockstep conformance #1';
      UPDATE lockstep.state SET marks = '{"people": "1"}'`);
    await open.writer.attach(holding(2));
    await expect(ended).resolves.toMatchObject({ code: '57P01' });
    expect((await db.query('SELECT fence::int, marks FROM lockstep.state')).rows).toEqual([
      { fence: 2, marks: {} },
    ]);
  });

  it('takes over from one that fell silent while it took over itself', async () => {
    await using db = await createTestDatabase();
    await using proxy = await startFaultProxy(db.url);
    await using silent = await openWriter(db, { url: proxy.url(db.url) });
    const other = await db.connect();
    await other.query(`BEGIN; ${lockOfMaking}`);
    const lost = expect(silent.attach(holding(1))).rejects.toMatchObject({ class: 'transient' });
    await expect
      .poll(
        async () =>
          (
            await other.query(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
          ).rowCount,
      )
      .toBe(1);
    proxy.halfOpen();
    await other.query('COMMIT');
    const idle = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`;
    await expect.poll(async () => (await other.query(idle)).rowCount).toBe(1);
    await using newer = await openWriter(db);
    await newer.attach(holding(2));
    proxy.reset();
    await lost;
  });

  it('waits for a transaction that it may not end, and says whose it is', async () => {
    await using db = await createTestDatabase();
    await using older = await openTable(db, people, parts);
    const told: string[] = [];
    await using writer = await openWriter(db, { notice: ({ message }) => told.push(message) });
    const other = await db.connect();
    const { rows } = await other.query('SELECT pg_backend_pid() AS pid');
    await other.query("BEGIN; SELECT 1 FROM lockstep.state WHERE pipeline = 'conformance' FOR SHARE");
    let done = false;
    const attached = writer.attach(holding(2)).then(() => {
      done = true;
    });
    await expect
      .poll(() => told.join(), { timeout: 10_000 })
      .toMatch(
        new RegExp(
          `^taking over conformance waits for process ${rows[0].pid} of .* \\(idle in transaction\\) to end`,
        ),
      );
    expect(done).toBe(false);
    await other.query('COMMIT');
    await attached;
    await expect(older.target.append(chunks(row(1, 'a')), holding(1))).rejects.toMatchObject({
      code: 'fence-lost',
    });
  });

  it.each(['append', 'merge', 'replace'] as const)(
    'leaves nothing of a %s whose connection is killed',
    async (verb) => {
      await using db = await createTestDatabase();
      await using open = await openTable(db, people, parts);
      await open.target.append(chunks(row(9, 'z')), holding(1));
      const { source, reached, goOn } = halting();
      const lost = expect(open.target[verb](source, holding(1))).rejects.toMatchObject({
        class: 'transient',
      });
      await reached;
      await db.query(`SELECT pg_terminate_backend(pid) FROM (${ourBackends}) AS ours`);
      goOn();
      await lost;
      expect(await stored(db)).toEqual([row(9, 'z')]);
      expect((await open.target.apply([upsert(open.target, row(1, 'a'))], holding(1)))[0]).toEqual({
        kind: 'inserted',
      });
    },
  );

  it('stops on request, and nothing stays', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, parts);
    const other = await db.connect();
    await other.query('BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
    const stop = new AbortController();
    const options = { ...holding(1), signal: stop.signal };
    const stopped = expect(open.target.append(chunks(row(1, 'a')), options)).rejects.toMatchObject({
      code: 'interrupted',
    });
    await expect
      .poll(
        async () =>
          (
            await other.query(
              "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
            )
          ).rowCount,
      )
      .toBe(1);
    stop.abort(new Error('enough'));
    await stopped;
    await other.query('COMMIT');
    expect(await stored(db)).toEqual([]);
  });

  it('shows readers the old rows or the new ones while it replaces them', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, parts);
    await open.target.append(chunks(row(7, 'old'), row(8, 'older')), holding(1));
    const snapshot = await db.connect();
    await snapshot.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
    const { source, reached, goOn } = halting();
    const replaced = open.target.replace(source, holding(1));
    await reached;
    expect(await stored(db)).toEqual([row(7, 'old'), row(8, 'older')]);
    goOn();
    await replaced;
    expect(await stored(db)).toEqual([row(1, 'a'), row(2, 'b')]);
    expect((await snapshot.query('SELECT id FROM people ORDER BY id')).rows).toEqual([{ id: 7 }, { id: 8 }]);
    await snapshot.query('COMMIT');
  });

  it('leaves nothing of its own behind when removed, and lists what it may not take away', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, { ...parts, scope: { kind: 'owned' } });
    await open.target.append(chunks(row(1, 'a')), holding(1));
    await db.query('CREATE VIEW lockstep.mine AS SELECT 1 AS one');
    const request = { pipeline, plans: [], signal: never };
    const steps = await open.writer.remove(request);
    expect(steps.map(({ what }) => what).join('\n')).toMatch(/Left behind: Drop our schema/);
    await db.query('DROP VIEW lockstep.mine');
    await open.writer.attach(holding(1));
    expect((await open.writer.remove(request)).every(({ what }) => !what.startsWith('Left behind'))).toBe(
      true,
    );
    const { rows } = await db.query("SELECT nspname FROM pg_namespace WHERE nspname = 'lockstep'");
    expect(rows).toEqual([]);
    expect(await stored(db)).toHaveLength(1);
  });

  it('keeps the state of other pipelines when one is removed', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, parts);
    await open.writer.attach({ lease: { pipeline: 'another', fence: 3 }, signal: never });
    await open.writer.remove({ pipeline, plans: [], signal: never });
    expect(await open.writer.seenFence({ pipeline: 'another', signal: never })).toBe(3);
    expect(await open.writer.seenFence({ pipeline, signal: never })).toBe(0);
  });

  it('refuses a target whose rows can’t be told apart', async () => {
    await using db = await createTestDatabase();
    await db.query('CREATE TABLE heap (id int, v text); INSERT INTO heap VALUES (1, NULL)');
    await using writer = await openWriter(db);
    await writer.attach(holding(1));
    const open = (key: readonly string[]) =>
      writer.open(
        planFor({ target: 'heap', columns: ['id', 'v'], key, scope: { kind: 'default' } }),
        holding(1),
      );
    await expect(open([])).rejects.toMatchObject({ code: 'scope-needs-key' });
    await expect(open(['id'])).rejects.toMatchObject({ code: 'key-not-unique' });
    const plan = planFor({ target: 'nowhere', columns: ['id'] });
    await expect(writer.open(plan, holding(1))).rejects.toMatchObject({ code: 'collection-unknown' });
    expect(await writer.inspect(plan, { signal: never })).toBeNull();
  });
});
