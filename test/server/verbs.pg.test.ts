import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  checkSchema,
  planSchema,
  runSchema,
  verifySchema,
} from '../../src/server/routes/verbs/passes-schema.ts';
import { until } from '../chaos/world/until.ts';
import { openLivePair } from '../live/live-pair.ts';
import { openPair } from '../walk/pair.ts';
import { ask } from './ask.ts';
import { serve } from './served.ts';
import { openServedPair } from './served-pair.ts';

const sql = 'CREATE TABLE t (id int PRIMARY KEY, v text)';

const holds = (schema: z.core.JSONSchema.BaseSchema, body: unknown): void =>
  void expect(() => z.fromJSONSchema(schema).parse(body)).not.toThrow();

test('check, plan, run and verify answer what the library does', async () => {
  await using served = await openServedPair({ collections: ['t'] }, sql);
  await served.pair.source.query(`INSERT INTO t SELECT n, 'v' FROM generate_series(1, 50) AS n`);
  const checked = await served.post('check');
  expect(checked).toMatchObject({ status: 200, body: { pipeline: 'it', ok: true } });
  holds(checkSchema, checked.body);
  const planned = await served.post('plan');
  expect(planned).toMatchObject({ status: 200, body: { inStep: false, collections: [{ insert: 50 }] } });
  holds(planSchema, planned.body);
  const ran = await served.post('run');
  expect(ran).toMatchObject({ status: 200, body: { result: 'equal' } });
  holds(runSchema, ran.body);
  await served.pair.target.query(`UPDATE t SET v = 'other' WHERE id = 7`);
  const verified = await served.post('verify');
  expect(verified).toMatchObject({
    status: 200,
    body: { equal: false, collections: [{ different: 1, samples: { different: ['["7"]'] } }] },
  });
  holds(verifySchema, verified.body);
  expect(await served.post('verify', { repair: true })).toMatchObject({
    status: 200,
    body: { repaired: { updated: 1 } },
  });
  await served.pair.expectSame('t');
});

test('whoever asked for a run and leaves stops it, and the server ends once it has drained', async () => {
  await using pair = await openPair();
  await pair.both(sql);
  const engine = await pair.engine({ collections: ['t'] });
  const served = await serve(engine);
  await pair.source.query(`INSERT INTO t VALUES (1, 'v')`);
  await served.post('run');
  const locking = await pair.target.connect();
  await locking.query('BEGIN; SELECT FROM t FOR UPDATE');
  await pair.source.query(`UPDATE t SET v = 'new'`);
  const leaving = new AbortController();
  const { signal } = leaving;
  const asked = ask(served.url, { method: 'POST', path: '/api/v1/pipelines/it/run', signal });
  await until('it waits for the row', async () => {
    const { rows } = await pair.target.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
    );
    return rows.length > 0;
  });
  leaving.abort();
  await expect(asked).rejects.toThrow(/abort/);
  const closed = served[Symbol.asyncDispose]();
  // What is under way is ended properly, which takes until the row is free.
  await locking.query('ROLLBACK');
  await closed;
  expect(await engine.status('it')).toMatchObject([
    { owner: null, lastRun: { endedAtMs: expect.any(Number) } },
  ]);
  expect(await engine.run('it')).toMatchObject({ result: 'equal' });
  await pair.expectSame('t');
});

test('a live pipeline is paused, resumed, brought in step anew and repaired by its engine', async () => {
  await using pair = await openLivePair({ capture: 'triggers' });
  await pair.both(sql);
  await pair.source.query(`INSERT INTO t SELECT n, 'v' FROM generate_series(1, 50) AS n`);
  await using running = await pair.start({ collections: ['t'] });
  await using served = await serve(running.engine);
  expect(await served.post('pause', { reason: 'an index' })).toMatchObject({
    status: 200,
    body: { reason: 'an index', wasPaused: false, engineRuns: true },
  });
  expect(await served.post('resume')).toMatchObject({ status: 200, body: { wasPaused: true } });
  await pair.target.query(`UPDATE t SET v = 'other' WHERE id = 7; DELETE FROM t WHERE id = 8`);
  expect(await served.post('resync', { collections: ['t'], wait: true })).toMatchObject({
    status: 200,
    body: { kind: 'resync', state: 'done', engineRuns: true },
  });
  await pair.expectSame('t');
  expect(await served.post('resync')).toMatchObject({ status: 200, body: { id: expect.any(Number) } });
  expect(await served.post('repair', { wait: true })).toMatchObject({
    body: { kind: 'compare', state: 'done' },
  });
  // About once a second an engine tells others which collections it has; until then it looks at names itself.
  await running.until('its collections are told', async () =>
    JSON.stringify(await running.engine.status('it')).includes('public.t'),
  );
  expect(await served.post('resync', { collections: ['tt'] })).toMatchObject({ status: 400 });
  // Its engine has the lease.
  expect(await served.post('run')).toMatchObject({ status: 409, body: { code: 'lease-held' } });
});

test('dead letters are listed without their rows, replayed and discarded', async () => {
  await using pair = await openLivePair({ capture: 'triggers' });
  await pair.both(sql);
  await pair.target.query(`ALTER TABLE t ADD CHECK (v <> 'poison')`);
  await pair.source.query(`INSERT INTO t VALUES (1, 'v'), (2, 'poison'), (3, 'poison')`);
  await using running = await pair.start({ collections: ['t'] });
  await using served = await serve(running.engine);
  const page = await served.get('dead-letters');
  expect(page).toMatchObject({ status: 200, body: await running.engine.letters('it') });
  expect(page.text).not.toContain('poison');
  const { letters } = await running.engine.letters('it');
  expect(letters.map(({ key }) => key)).toEqual(['["2"]', '["3"]']);
  const [first, second] = letters.map(({ id }) => id);
  const bodyOf = async (query: string) => (await served.get(`dead-letters?${query}`)).body;
  expect(await bodyOf('limit=1')).toMatchObject({ letters: [{ id: first }], next: first });
  expect(await bodyOf(`after=${first}`)).toMatchObject({ letters: [{ id: second }], next: null });
  expect(await served.get('dead-letters?after=x')).toMatchObject({ status: 400 });
  for (const body of [undefined, {}, { letters: [1], all: true }, { all: false }])
    expect(await served.post('dead-letters/discard', body)).toMatchObject({ status: 400 });
  expect(await served.post('dead-letters/replay', { letters: [99] })).toMatchObject({
    status: 404,
    body: { code: 'letter-unknown' },
  });
  await pair.target.query('ALTER TABLE t DROP CONSTRAINT t_v_check');
  expect(await served.post('dead-letters/replay', { letters: [first], wait: true })).toMatchObject({
    status: 200,
    body: { kind: 'replay', state: 'done' },
  });
  expect(await served.post('dead-letters/discard', { all: true, wait: true })).toMatchObject({
    status: 200,
    body: { discarded: null, request: { state: 'done' } },
  });
  expect(await bodyOf('')).toMatchObject({ letters: [] });
});
