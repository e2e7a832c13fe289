import { expect, test } from 'vitest';
import { openPair, type Pair } from '../walk/pair.ts';

/** Two thousand rows that all differ, about to be swapped in. */
async function aboutToSwap(pair: Pair) {
  await pair.both('CREATE TABLE t (id int PRIMARY KEY, v text)');
  await pair.source.query(`INSERT INTO t SELECT n, 'new' FROM generate_series(1, 2000) AS n`);
  await pair.target.query(`INSERT INTO t SELECT n, 'old' FROM generate_series(1, 2000) AS n`);
  return await pair.engine({
    collections: { t: { scope: 'all' } },
    refresh: { by: 'swap' },
    retry: { attempts: 50, initialDelayMs: 20, maxDelayMs: 200 },
  });
}

const counts = `SELECT count(*)::int AS rows, count(*) FILTER (WHERE v = 'old')::int AS old FROM t`;

test('a reader that holds the table is waited for, others are not locked out for long, and it comes in whole', async () => {
  await using pair = await openPair();
  const engine = await aboutToSwap(pair);
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT count(*) FROM t');
  const told: string[] = [];
  engine.events.on('retry', ({ code }) => void told.push(code));
  const running = engine.run('it');
  await expect.poll(() => told, { timeout: 20_000 }).toContain('lock-timeout');
  // Between two attempts, and behind one that gives up: its locks end with its patience.
  expect((await pair.target.query(counts)).rows).toEqual([{ rows: 2000, old: 2000 }]);
  await holder.query('COMMIT');
  await holder.end();
  expect(await running).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
});

/** A session that reads the table and does not end its transaction, and how it is named to others. */
async function holding(pair: Pair) {
  const holder = await pair.target.connect();
  await holder.query("SET application_name = 'a report'; BEGIN");
  await holder.query('SELECT count(*) FROM t');
  const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
  const name = `process ${String(rows[0]?.pid)} of a report (idle in transaction since `;
  const letGo = async () => {
    await holder.query('COMMIT');
    await holder.end();
  };
  return { name, letGo };
}

test.each(['rollback', 'promote'] as const)(
  '%s by itself waits for a lock as a run does, says who holds it, and goes on when it is gone',
  async (verb) => {
    await using pair = await openPair();
    const engine = await aboutToSwap(pair);
    if (verb === 'promote') await pair.source.query('DELETE FROM t WHERE id > 1000');
    await engine.run('it');
    const holder = await holding(pair);
    const told: string[] = [];
    engine.events.on('retry', ({ what, message }) => void told.push(`${what}: ${message}`));
    const going = verb === 'promote' ? engine.promoteGeneration('it') : engine.rollBackGeneration('it');
    await expect.poll(() => told.join('\n'), { timeout: 20_000 }).toContain(holder.name);
    expect(told[0]).toMatch(verb === 'promote' ? /^promote the generation: / : /^roll the generation back: /);
    await holder.letGo();
    const state = verb === 'promote' ? 'promoted' : 'rolled-back';
    expect(await going).toMatchObject({ generation: { state }, paused: verb === 'rollback' });
    if (verb === 'promote') await pair.expectSame('t');
    else expect((await pair.target.query(counts)).rows).toEqual([{ rows: 2000, old: 2000 }]);
  },
);

test('a lock that does not go away ends a rollback within bounds: nothing is taken back, and nothing stays paused', async () => {
  await using pair = await openPair();
  await (await aboutToSwap(pair)).run('it');
  const engine = await pair.engine({
    collections: { t: { scope: 'all' } },
    refresh: { by: 'swap' },
    retry: { attempts: 2, initialDelayMs: 10 },
  });
  const holder = await holding(pair);
  await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({
    code: 'retries-exhausted',
    message: expect.stringContaining(holder.name),
  });
  expect(await engine.status('it')).toMatchObject([{ status: 'idle', paused: null }]);
  expect((await engine.generations('it')).generations).toMatchObject([
    { state: 'promoted', canRollBack: true },
  ]);
  await holder.letGo();
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect(await engine.rollBackGeneration('it')).toMatchObject({ generation: { state: 'rolled-back' } });
  await expect(engine.run('it')).rejects.toMatchObject({ code: 'pipeline-paused' });
  expect(await engine.status('it')).toMatchObject([
    { status: 'paused', nextStep: 'lockstep resume it, then lockstep run' },
  ]);
});

test('a snapshot that is older than the swap finds rows, and no empty table (rule 7)', async () => {
  await using pair = await openPair();
  const engine = await aboutToSwap(pair);
  const reader = await pair.target.connect();
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
  await reader.query('SELECT pg_current_snapshot()');
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect((await reader.query(counts)).rows).toEqual([{ rows: 2000, old: 0 }]);
  await reader.query('COMMIT');
  await reader.end();
});

test('readers with prepared statements go on, at full speed, and never see a part or an error', async () => {
  await using pair = await openPair();
  const engine = await aboutToSwap(pair);
  const reader = await pair.target.connect();
  let isOver = false;
  const seen = new Set<string>();
  const reading = (async () => {
    while (!isOver) {
      const { rows } = await reader.query({ name: 'counted', text: counts });
      seen.add(JSON.stringify(rows[0]));
    }
  })();
  await engine.run('it');
  await engine.rollBackGeneration('it');
  await engine.resume('it', { yes: true });
  await engine.run('it');
  isOver = true;
  await reading;
  await reader.end();
  expect([...seen].toSorted()).toEqual(['{"rows":2000,"old":0}', '{"rows":2000,"old":2000}']);
});

test('what was changed about the table since it was staged is not lost: it is refused', async () => {
  await using pair = await openPair();
  const engine = await aboutToSwap(pair);
  await pair.source.query('DELETE FROM t WHERE id > 1000');
  expect(await engine.run('it')).toMatchObject({ result: 'pending' });
  for (const sql of [
    'CREATE INDEX later ON t (v)',
    'DROP INDEX later; CREATE VIEW later AS SELECT id FROM t',
  ]) {
    await pair.target.query(sql);
    await expect(engine.promoteGeneration('it')).rejects.toMatchObject({ code: 'swap-refused' });
  }
  await pair.target.query('DROP VIEW later');
  expect(await engine.promoteGeneration('it')).toMatchObject({ generation: { state: 'promoted' } });
  await pair.expectSame('t');
});

test('the destination is lost while it is swapped: nothing of it is there, then all of it, once', async () => {
  await using pair = await openPair();
  const engine = await aboutToSwap(pair);
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT count(*) FROM t');
  const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND application_name LIKE 'lockstep%'`;
  const running = engine.run('it');
  const pidOf = async () => (await pair.target.query<{ pid: number }>(waiting)).rows[0]?.pid ?? 0;
  let pid = 0;
  await expect
    .poll(
      async () => {
        pid = await pidOf();
        return pid;
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
  await pair.target.query(`SELECT pg_terminate_backend(${pid})`);
  expect((await pair.target.query(counts)).rows).toEqual([{ rows: 2000, old: 2000 }]);
  await holder.query('COMMIT');
  await holder.end();
  expect(await running).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
  expect(await engine.generations('it')).toMatchObject({ generations: [{ id: 1, state: 'promoted' }] });
});

const oidOf = `SELECT 't'::regclass::oid::int AS oid`;

const alterations = [
  {
    what: 'an index',
    sql: 'CREATE INDEX later ON t (v)',
    undo: 'DROP INDEX later',
    named: 'index later (added)',
  },
  {
    what: 'an index that went',
    sql: 'DROP INDEX t_v_idx',
    undo: 'CREATE INDEX t_v_idx ON t (v)',
    named: 'index t_v_idx (missing)',
  },
  {
    what: 'a right',
    sql: 'GRANT SELECT ON t TO PUBLIC',
    undo: 'REVOKE ALL ON t FROM PUBLIC',
    named: 'table (grants)',
  },
  {
    what: 'a right on a column',
    sql: 'GRANT UPDATE (v) ON t TO PUBLIC',
    undo: 'REVOKE UPDATE (v) ON t FROM PUBLIC',
    named: 'column v (grants)',
  },
  {
    what: 'a policy',
    sql: 'CREATE POLICY p ON t USING (id < 9)',
    undo: 'DROP POLICY p ON t',
    named: 'policy p (added)',
  },
  {
    what: 'row security',
    sql: 'ALTER TABLE t ENABLE ROW LEVEL SECURITY',
    undo: 'ALTER TABLE t DISABLE ROW LEVEL SECURITY',
    named: 'table (rowSecurity)',
  },
  {
    what: 'a comment',
    sql: `COMMENT ON COLUMN t.v IS 'ours'`,
    undo: 'COMMENT ON COLUMN t.v IS NULL',
    named: 'column v (comment)',
  },
  {
    what: 'a constraint',
    sql: 'ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0)',
    undo: 'ALTER TABLE t DROP CONSTRAINT c',
    named: 'check c (added)',
  },
  {
    what: 'a column with its data',
    sql: `ALTER TABLE t ADD note text; UPDATE t SET note = 'seen' WHERE id = 7`,
    undo: 'ALTER TABLE t DROP COLUMN note',
    named: 'column note (added)',
  },
  {
    what: 'a sequence of its own',
    sql: 'CREATE SEQUENCE counter OWNED BY t.id',
    undo: 'DROP SEQUENCE counter',
    named: 'sequence public.counter of column id (added)',
  },
] as const;

test.each(alterations)(
  'what came to a table since it was swapped in is not dropped with it: $what',
  async ({ sql, undo, named }) => {
    await using pair = await openPair();
    const engine = await aboutToSwap(pair);
    await pair.target.query('CREATE INDEX ON t (v)');
    const former = (await pair.target.query(oidOf)).rows;
    await engine.run('it');
    const present = (await pair.target.query(oidOf)).rows;
    await pair.target.query(sql);
    await expect(engine.rollBackGeneration('it')).rejects.toMatchObject({
      code: 'generation-altered',
      message: expect.stringContaining(named),
    });
    expect((await pair.target.query(oidOf)).rows).toEqual(present);
    expect(await engine.status('it')).toMatchObject([{ status: 'idle', paused: null }]);
    await pair.target.query(undo);
    expect(await engine.rollBackGeneration('it')).toMatchObject({ generation: { state: 'rolled-back' } });
    expect((await pair.target.query(oidOf)).rows).toEqual(former);
    expect((await pair.target.query(counts)).rows).toEqual([{ rows: 2000, old: 2000 }]);
  },
);

test('a table that somebody altered since it was swapped in stays as it is if that is asked for; all else goes back', async () => {
  await using pair = await openPair();
  await pair.both('CREATE TABLE u (id int PRIMARY KEY, v text)');
  await pair.source.query(`INSERT INTO u VALUES (1, 'new')`);
  await pair.target.query(`INSERT INTO u VALUES (1, 'old')`);
  await aboutToSwap(pair);
  const engine = await pair.engine({
    collections: { t: { scope: 'all', swap: true }, u: { scope: 'all' } },
  });
  await engine.run('it');
  const present = (await pair.target.query(oidOf)).rows;
  await pair.target.query(`ALTER TABLE t ADD note text; UPDATE t SET note = 'seen' WHERE id = 7`);
  expect(await engine.rollBackGeneration('it', { keepChanged: true })).toMatchObject({
    generation: { state: 'rolled-back' },
    paused: true,
  });
  expect((await pair.target.query(oidOf)).rows).toEqual(present);
  expect((await pair.target.query(counts)).rows).toEqual([{ rows: 2000, old: 0 }]);
  expect((await pair.target.query('SELECT id, note FROM t WHERE note IS NOT NULL')).rows).toEqual([
    { id: 7, note: 'seen' },
  ]);
  expect((await pair.target.query('SELECT v FROM u')).rows).toEqual([{ v: 'old' }]);
});
