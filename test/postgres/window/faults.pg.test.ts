import { describe, expect, it } from 'vitest';
import { holding, never, pipeline, row, upsert } from '../../conformance/writer/writer-under-test.ts';
import { openTable, openWriter, planFor } from '../../connectors/postgres/writer/destination.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { kinds, windowOver } from './support.ts';

const people = 'CREATE TABLE people (id int PRIMARY KEY, email text NOT NULL UNIQUE, note text)';
const plan = { target: 'people', columns: ['id', 'email', 'note'] };
const stored = async (db: TestDatabase) => (await db.query('SELECT * FROM people ORDER BY id')).rows;
const ours = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'lockstep%'`;

describe('windows and faults', () => {
  it('goes on with another session after all were ended', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, plan);
    const { target, writer } = open;
    const apply = (id: number) =>
      writer.applyWindow(windowOver({ target, changes: [upsert(target, row(id, `${id}`))] }), holding(1));
    await apply(1);
    await db.query(`SELECT pg_terminate_backend(pid, 5000) FROM (${ours}) AS ours`);
    await expect
      .poll(() => apply(2).then(kinds, (error: { class: string }) => error.class))
      .toEqual([['inserted']]);
    expect(await stored(db)).toEqual([row(1, '1'), row(2, '2')]);
  });

  it('writes nothing when the network goes before the window is there', async () => {
    await using db = await createTestDatabase();
    await using proxy = await startFaultProxy(db.url);
    await db.query(people);
    await using writer = await openWriter(db, { url: proxy.url(db.url) });
    await writer.attach(holding(1));
    const target = await writer.open(planFor(plan), holding(1));
    await writer.applyWindow(windowOver(), holding(1));
    const changes = Array.from({ length: 2000 }, (_, id) => upsert(target, row(id, `mail ${id}`)));
    const window = windowOver({ target, changes });
    const cut = proxy.cutAfter(20_000, { direction: 'toTarget' });
    await expect(writer.applyWindow(window, holding(1))).rejects.toMatchObject({ class: 'transient' });
    await cut;
    expect(await stored(db)).toEqual([]);
    const [outcomes] = kinds(await writer.applyWindow(window, holding(1)));
    expect(new Set(outcomes)).toEqual(new Set(['inserted']));
  });

  it('stops on request while it waits for a lock, and nothing stays', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, plan);
    const { target, writer } = open;
    const other = await db.connect();
    await other.query('BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
    const stop = new AbortController();
    const window = windowOver({ target, changes: [upsert(target, row(1, 'a'))] });
    const stopped = expect(
      writer.applyWindow(window, { ...holding(1), signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'interrupted' });
    await expect
      .poll(
        async () =>
          // The server is shared with other tests.
          (
            await other.query(
              "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'people'::regclass",
            )
          ).rowCount,
      )
      .toBe(1);
    stop.abort(new Error('enough'));
    await stopped;
    await other.query('COMMIT');
    expect(await stored(db)).toEqual([]);
    expect(kinds(await writer.applyWindow(window, holding(1)))).toEqual([['inserted']]);
  });

  it('ends a window of an older owner that hangs, and nothing of it stays', async () => {
    await using db = await createTestDatabase();
    await using older = await openTable(db, people, plan);
    const window = windowOver({ target: older.target, changes: [upsert(older.target, row(1, 'a'))] });
    await older.writer.applyWindow(windowOver(), holding(1));
    const other = await db.connect();
    await other.query('BEGIN; LOCK TABLE people IN ACCESS EXCLUSIVE MODE');
    const lost = expect(older.writer.applyWindow(window, holding(1))).rejects.toMatchObject({
      code: 'connection-lost',
    });
    await expect
      .poll(
        async () =>
          // The server is shared with other tests.
          (
            await other.query(
              "SELECT FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND relation = 'people'::regclass",
            )
          ).rowCount,
      )
      .toBe(1);
    await using newer = await openWriter(db);
    await newer.attach(holding(2));
    await lost;
    await other.query('COMMIT');
    await expect(older.writer.applyWindow(window, holding(1))).rejects.toMatchObject({ code: 'fence-lost' });
    expect(await stored(db)).toEqual([]);
  });

  it('says that the state is gone when it is', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, plan);
    await db.query('DELETE FROM lockstep.state');
    const window = windowOver({ target: open.target, changes: [upsert(open.target, row(1, 'a'))] });
    for (const position of [window.position, null]) {
      await expect(open.writer.applyWindow({ ...window, position }, holding(1))).rejects.toMatchObject({
        code: 'destination-restored',
      });
    }
    expect(await stored(db)).toEqual([]);
  });

  it('lets windows of several lanes be written side by side', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, plan);
    const { target, writer } = open;
    const lanes = Array.from({ length: 4 }, async (_, lane) => {
      for (let step = 0; step < 20; step += 1) {
        const id = lane * 100 + step;
        const window = {
          ...windowOver({ target, changes: [upsert(target, row(id, `${id}`))] }),
          position: { shard: `shard ${lane}`, lane, at: `${step}` },
        };
        await writer.applyWindow(window, holding(1));
      }
    });
    await Promise.all(lanes);
    expect(await stored(db)).toHaveLength(80);
    const { positions, lanePositions } = await writer.attach(holding(1));
    expect(positions).toEqual(new Map([['shard 0', '19']]));
    expect(lanePositions).toEqual(new Map([1, 2, 3].map((lane) => [`shard ${lane}`, ['19']])));
  });

  it('brings the state of an older version up to date, and shows so before', async () => {
    await using db = await createTestDatabase();
    await using open = await openTable(db, people, plan);
    const { target } = open;
    await target.apply([upsert(target, row(1, 'a'))], {
      ...holding(1),
      position: { shard: 'main', lane: 0, at: 'old' },
    });
    await db.query('ALTER TABLE lockstep.state DROP COLUMN marks, DROP COLUMN newest_letter');
    await using newer = await openWriter(db);
    expect(await newer.seenFence({ pipeline, signal: never })).toBe(1);
    const steps = await newer.preview({ plans: [], signal: never });
    expect(steps.map(({ statement }) => statement)).toEqual([expect.stringContaining('ADD COLUMN')]);
    const state = await newer.attach(holding(2));
    expect(state).toMatchObject({ isNew: false, newestLetter: 0 });
    expect([...state.positions]).toEqual([['main', 'old']]);
    expect(await newer.preview({ plans: [], signal: never })).toEqual([]);
    await newer.applyWindow({ ...windowOver(), marks: new Map([['people', 'm']]) }, holding(2));
    expect([...(await newer.attach(holding(2))).marks]).toEqual([['people', 'm']]);
  });
});
