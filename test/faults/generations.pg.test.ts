import { expect, test } from 'vitest';
import { openPair, type Pair } from '../walk/pair.ts';

const shape = 'CREATE TABLE t (id int PRIMARY KEY, v text)';

/** A thousand rows, copied; then half of them differ. */
async function aboutToRefresh(pair: Pair) {
  await pair.both(shape);
  await pair.source.query(`INSERT INTO t SELECT n, 'old' FROM generate_series(1, 1000) AS n`);
  const engine = await pair.engine({ collections: ['t'], retry: { initialDelayMs: 20, maxDelayMs: 200 } });
  await engine.run('it');
  await pair.source.query(`UPDATE t SET v = 'new' WHERE id % 2 = 0; DELETE FROM t WHERE id <= 10`);
  return engine;
}

/** Sessions of ours that wait for a lock. */
const waiting = `SELECT pid FROM pg_stat_activity
  WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'lockstep%'`;

async function untilItWaits({ target }: Pair): Promise<number> {
  return await expect
    .poll(async () => (await target.query<{ pid: number }>(waiting)).rows[0]?.pid ?? 0, { timeout: 20_000 })
    .toBeGreaterThan(0)
    .then(async () => (await target.query<{ pid: number }>(waiting)).rows[0]?.pid ?? 0);
}

test.each([
  ['a row that is to change', 'SELECT FROM t WHERE id = 500 FOR UPDATE'],
  ['the table', 'LOCK TABLE t IN SHARE MODE'],
])('somebody holds %s: promotion waits, and comes in whole', async (_, lock) => {
  await using pair = await openPair();
  const engine = await aboutToRefresh(pair);
  const holder = await pair.target.connect();
  await holder.query(`BEGIN; ${lock}`);
  const running = engine.run('it');
  await untilItWaits(pair);
  const { rows } = await pair.target.query(`SELECT count(*)::int AS old FROM t WHERE v = 'old'`);
  expect(rows).toEqual([{ old: 1000 }]);
  await holder.query('COMMIT');
  await holder.end();
  expect(await running).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
});

test('a row that somebody holds: taking back waits, says who it waits for, and goes on', async () => {
  await using pair = await openPair();
  await (await aboutToRefresh(pair)).run('it');
  const destination = { connector: 'postgres', url: pair.target.url, stallTimeoutMs: 300 } as const;
  const engine = await pair.engine({ collections: ['t'] }, { destination });
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT FROM t WHERE id = 500 FOR UPDATE');
  const { rows } = await holder.query('SELECT pg_backend_pid() AS pid');
  const told: string[] = [];
  engine.events.on('notice', ({ side, message }) => void told.push(`${side}: ${message}`));
  const going = engine.rollBackGeneration('it');
  await expect
    .poll(() => told.join('\n'), { timeout: 20_000 })
    .toMatch(
      new RegExp(`destination: waiting since .* for a lock .* held by process ${String(rows[0]?.pid)}`),
    );
  await holder.query('COMMIT');
  await holder.end();
  expect(await going).toMatchObject({ generation: { state: 'rolled-back' } });
  const old = await pair.target.query(`SELECT count(*)::int AS old FROM t WHERE v = 'old'`);
  expect(old.rows).toEqual([{ old: 1000 }]);
});

test('the source is lost while it is read: nothing of the generation is brought in (rule 7)', async () => {
  await using pair = await openPair();
  await aboutToRefresh(pair);
  await pair.source.query(
    'CREATE FUNCTION stop() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN true; END $$',
  );
  const collections = { t: { filter: 'id < 900 OR public.stop()' } };
  const engine = await pair.engine({ collections });
  await expect(engine.run('it')).rejects.toMatchObject({ code: 'retries-exhausted' });
  const { rows } = await pair.target.query(`SELECT count(*)::int AS old FROM t WHERE v = 'old'`);
  expect(rows).toEqual([{ old: 1000 }]);
  const { generations } = await engine.generations('it');
  expect(generations.map(({ state }) => state)).not.toContain('promoted');
});

test('the destination is lost in the middle of promotion: nothing of it is there, then all of it, once', async () => {
  await using pair = await openPair();
  const engine = await aboutToRefresh(pair);
  const holder = await pair.target.connect();
  await holder.query('BEGIN; SELECT FROM t WHERE id = 500 FOR UPDATE');
  const running = engine.run('it');
  const pid = await untilItWaits(pair);
  await pair.target.query(`SELECT pg_terminate_backend(${pid})`);
  await untilItWaits(pair);
  const { rows } = await pair.target.query(`SELECT count(*)::int AS old FROM t WHERE v = 'old'`);
  expect(rows).toEqual([{ old: 1000 }]);
  await holder.query('COMMIT');
  await holder.end();
  expect(await running).toMatchObject({ result: 'equal', collections: [{ updated: 495, left: 10 }] });
  await pair.expectSame('t');
  expect(await engine.generations('it')).toMatchObject({ generations: [{ id: 1, state: 'promoted' }] });
});

test('a reader in a long transaction keeps seeing what was, and holds nothing up', async () => {
  await using pair = await openPair();
  const engine = await aboutToRefresh(pair);
  const reader = await pair.target.connect();
  const sum = `SELECT count(*)::int AS rows, count(*) FILTER (WHERE v = 'old')::int AS old FROM t`;
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  expect((await reader.query(sum)).rows).toEqual([{ rows: 1000, old: 1000 }]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  expect((await reader.query(sum)).rows).toEqual([{ rows: 1000, old: 1000 }]);
  expect(await engine.rollBackGeneration('it')).toMatchObject({ generation: { state: 'rolled-back' } });
  expect((await reader.query(sum)).rows).toEqual([{ rows: 1000, old: 1000 }]);
  await reader.query('COMMIT');
  await reader.end();
});

test('two runs at once: one waits for the other, and each is whole', async () => {
  await using pair = await openPair();
  const engine = await aboutToRefresh(pair);
  const other = await pair.engine({ collections: ['t'], retry: { initialDelayMs: 20, maxDelayMs: 200 } });
  const [first, second] = await Promise.all([engine.run('it'), other.run('it')]);
  expect([first.result, second.result]).toEqual(['equal', 'equal']);
  await pair.expectSame('t');
  const { generations } = await engine.generations('it');
  expect(generations.filter(({ state }) => state === 'promoted')).toHaveLength(1);
});

test('somebody else writes to the target between staging and promotion: what is promoted is the source’s', async () => {
  await using pair = await openPair();
  const engine = await aboutToRefresh(pair);
  const holder = await pair.target.connect();
  await holder.query(`BEGIN; UPDATE t SET v = 'theirs' WHERE id = 500; DELETE FROM t WHERE id = 502`);
  const running = engine.run('it');
  await untilItWaits(pair);
  await holder.query('COMMIT');
  await holder.end();
  expect(await running).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
  await engine.rollBackGeneration('it');
  const { rows } = await pair.target.query('SELECT id, v FROM t WHERE id IN (500, 502)');
  expect(rows).toEqual([{ id: 500, v: 'theirs' }]);
});
