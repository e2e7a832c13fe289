import { expect, test } from 'vitest';
import { z } from 'zod';
import { generationSchema, generationsSchema } from '../../src/server/routes/verbs/generations-schema.ts';
import { openServedPair, type ServedPair } from './served-pair.ts';

const sql = 'CREATE TABLE t (id int PRIMARY KEY, v text)';

/** Three hundred rows, copied by a run that was asked for over HTTP. */
async function copied(): Promise<ServedPair> {
  const served = await openServedPair({ collections: ['t'] }, sql);
  await served.pair.source.query(`INSERT INTO t SELECT n, 'v' FROM generate_series(1, 300) AS n`);
  expect(await served.post('run')).toMatchObject({ status: 200, body: { result: 'equal' } });
  return served;
}

test('a refresh is listed, taken back, and comes in again only when that is meant', async () => {
  await using served = await copied();
  const { pair } = served;
  await pair.source.query(`UPDATE t SET v = 'new' WHERE id <= 3; DELETE FROM t WHERE id = 300`);
  expect(await served.post('run')).toMatchObject({ status: 200, body: { result: 'equal' } });

  const listed = await served.get('generations');
  expect(listed).toMatchObject({ status: 200, body: await served.engine.generations('it') });
  expect(listed.body).toMatchObject({ generations: [{ id: 1, state: 'promoted', canRollBack: true }] });
  expect(() => z.fromJSONSchema(generationsSchema).parse(listed.body)).not.toThrow();

  const back = await served.post('generations/newest/rollback');
  expect(back).toMatchObject({
    status: 200,
    body: { paused: true, generation: { id: 1, state: 'rolled-back' } },
  });
  expect(() => z.fromJSONSchema(generationSchema).parse(back.body)).not.toThrow();
  const { rows } = await pair.target.query(`SELECT count(*)::int AS n FROM t WHERE v = 'v'`);
  expect(rows).toEqual([{ n: 300 }]);

  expect(await served.post('run')).toMatchObject({ status: 409, body: { code: 'pipeline-paused' } });
  expect(await served.post('resume')).toMatchObject({ status: 409, body: { code: 'resume-redoes' } });
  expect(await served.post('resume', { yes: true })).toMatchObject({
    status: 200,
    body: { wasPaused: true },
  });
  expect(await served.post('run')).toMatchObject({ status: 200, body: { result: 'equal' } });
  await pair.expectSame('t');
});

test('rows that were changed since stop a rollback, until it is said that they stay', async () => {
  await using served = await copied();
  await served.pair.source.query(`UPDATE t SET v = 'new' WHERE id <= 3`);
  await served.post('run');
  await served.pair.target.query(`UPDATE t SET v = 'mine' WHERE id = 2`);
  expect(await served.post('generations/1/rollback')).toMatchObject({
    status: 409,
    body: { code: 'generation-overtaken', cure: expect.any(String) },
  });
  expect(await served.post('generations/1/rollback', { keepChanged: true })).toMatchObject({ status: 200 });
  const { rows } = await served.pair.target.query('SELECT v FROM t WHERE id <= 3 ORDER BY id');
  expect(rows).toEqual([{ v: 'v' }, { v: 'mine' }, { v: 'v' }]);
});

test('what a guard holds waits for a word: promote brings it in as it is', async () => {
  await using served = await copied();
  await served.pair.source.query('DELETE FROM t WHERE id > 100');
  expect(await served.post('run')).toMatchObject({ status: 200, body: { result: 'pending' } });
  expect((await served.get('generations')).body).toMatchObject({ generations: [{ id: 1, state: 'staged' }] });
  const promoted = await served.post('generations/newest/promote');
  expect(promoted).toMatchObject({
    status: 200,
    body: { generation: { id: 1, state: 'promoted' }, letters: 0, failures: [] },
  });
  expect(() => z.fromJSONSchema(generationSchema).parse(promoted.body)).not.toThrow();
  await served.pair.expectSame('t');
  expect(await served.post('generations/1/discard')).toMatchObject({
    status: 200,
    body: { generation: { state: 'discarded', canRollBack: false } },
  });
  expect(await served.post('generations/newest/rollback')).toMatchObject({
    status: 404,
    body: { code: 'generation-missing' },
  });
});

test('approve lets the next run remove what was held', async () => {
  await using served = await copied();
  await served.pair.source.query('DELETE FROM t WHERE id > 100');
  await served.post('run');
  expect(await served.post('approve', { collection: 't' })).toMatchObject({
    status: 200,
    body: { approved: ['public.t'] },
  });
  expect(await served.post('run')).toMatchObject({ status: 200, body: { result: 'equal' } });
  await served.pair.expectSame('t');
});

test.each(['generations/x/promote', 'generations/1.5/rollback', 'generations/newest/discard'])(
  '%s names no generation',
  async (path) => {
    await using served = await openServedPair({ collections: ['t'] }, sql);
    expect(await served.post(path)).toMatchObject({ status: 400, body: { code: 'usage' } });
  },
);

test.each([
  ['generations/1/rollback', { keepchanged: true }],
  ['generations/1/rollback', { keepChanged: 'yes' }],
  ['resume', { yes: 1 }],
  ['resume', '{"yes":'],
  ['pause', []],
])('what %s is sent must be what it takes: %j', async (path, body) => {
  await using served = await openServedPair({ collections: ['t'] }, sql);
  expect(await served.post(path, body)).toMatchObject({ status: 400, body: { code: 'usage' } });
});
