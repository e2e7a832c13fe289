import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PostgresServer, startPostgres } from '../../tools/servers/postgres.ts';
import { openTrial } from '../faults/support/trial.ts';
import { openLiveTrial } from './support/live-trial.ts';
import { ownSide } from './support/side.ts';
import { startStandby } from './support/standby.ts';

const table = 'CREATE TABLE items (id int PRIMARY KEY, name text NOT NULL)';
const fill = `INSERT INTO items SELECT n, 'first' FROM generate_series(1, 200) n`;
const knob = 'CREATE TABLE knob (busy bool); INSERT INTO knob VALUES (false)';
const query = 'SELECT busy FROM knob';

describe('a destination that is busy', { timeout: 60_000 }, () => {
  test('slows the stream down, never stops it, and is told; then it is at full speed again', async () => {
    await using trial = await openLiveTrial();
    await trial.both(table);
    await trial.source.query(fill);
    await trial.target.query(knob);
    await using running = await trial.start(
      { collections: ['items'] },
      { targetConfig: { throttle: { query } } },
    );
    await trial.target.query('UPDATE knob SET busy = true');
    await running.until('it is slow', () => running.log.all('throttle').some(({ share }) => share < 0.1));
    expect(running.status).toMatchObject({
      status: 'degraded',
      reason: expect.stringContaining('throttle.query says so'),
    });
    await trial.source.query(`UPDATE items SET name = 'while it is busy'`);
    await running.inStep('items');
    await trial.target.query('UPDATE knob SET busy = false');
    await running.until('full speed', () => running.log.all('throttle').at(-1)?.share === 1);
    await running.live();
    expect(await trial.expectSame('items')).toBe(200);
  });

  test('slows a copy down between its partitions', async () => {
    await using trial = await openLiveTrial();
    await trial.both(table);
    await trial.source.query(fill);
    await trial.target.query(`${knob}; UPDATE knob SET busy = true`);
    await using copying = await openTrial({
      source: trial.source.url,
      target: trial.target.url,
      collections: ['items'],
      targetConfig: { throttle: { query } },
      settings: { rowsPerPartition: 100 },
    });
    const slower = copying.log.next('throttle', ({ share }) => share === 1 / 2);
    expect(await copying.run()).toMatchObject({ result: 'equal' });
    expect(await slower).toMatchObject({ reason: 'throttle.query says so' });
    expect(await trial.expectSame('items')).toBe(200);
  });

  test('sessions of others are counted, ours are not', async () => {
    await using trial = await openLiveTrial();
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(
      { collections: ['items'] },
      { targetConfig: { throttle: { activeSessions: 1 } } },
    );
    const others = await Promise.all([1, 2, 3].map(() => trial.target.connect()));
    const working = others.map((client) => client.query('SELECT pg_sleep(4)'));
    await running.until('it is slow', () => running.log.all('throttle').length > 0);
    expect(running.log.all('throttle')[0]?.reason).toMatch(/^sessions that are active: \d+ \(limit 1\)$/);
    await Promise.all(working);
  });

  test.each([
    ['fails', 'SELECT busy FROM nowhere'],
    ['writes', `UPDATE knob SET busy = true RETURNING true`],
    ['answers no boolean', 'SELECT 7'],
    ['is several statements', 'SELECT true; SELECT true'],
  ])('a query that %s is found before anything is touched', async (_, wrong) => {
    await using trial = await openLiveTrial();
    await trial.both(table);
    await trial.target.query(knob);
    await using running = await openTrial({
      source: trial.source.url,
      target: trial.target.url,
      collections: ['items'],
      targetConfig: { throttle: { query: wrong } },
    });
    const error = await running.failure();
    expect(error).toMatchObject({ code: 'not-ready' });
    expect(error.message).toContain('throttle-query-invalid');
    expect(await trial.target.query('SELECT busy FROM knob')).toEqual([{ busy: false }]);
  });

  test('a role that can’t see others is told which right it lacks', async () => {
    await using trial = await openLiveTrial();
    await trial.both(table);
    const role = await trial.target.createRole();
    const [{ name } = { name: '' }] = await trial.target.query<{ name: string }>(
      'SELECT current_database() AS name',
    );
    await trial.target.query(
      `GRANT CREATE, TEMPORARY ON DATABASE "${name}" TO "${role}"; GRANT ALL ON items TO "${role}"`,
    );
    await using running = await openTrial({
      source: trial.source.url,
      target: trial.target.urlFor({ user: role }),
      collections: ['items'],
      targetConfig: { throttle: { replicaLagMs: 1_000 } },
    });
    const { message } = await running.failure();
    expect(message).toContain(`GRANT pg_read_all_stats TO`);
  });
});

describe('a replica that is behind', { timeout: 120_000 }, () => {
  let primary: PostgresServer;
  let standby: PostgresServer;

  beforeAll(async () => {
    primary = await startPostgres({ version: 18, settings: { wal_level: 'replica' } });
    standby = await startStandby(primary);
  });
  afterAll(async () => {
    await standby?.[Symbol.asyncDispose]();
    await primary?.[Symbol.asyncDispose]();
  });

  test('slows the pipeline down until it has caught up', async () => {
    await using target = await ownSide(primary);
    await using trial = await openLiveTrial({ target });
    await trial.both(table);
    await trial.source.query(fill);
    await using running = await trial.start(
      { collections: ['items'] },
      { targetConfig: { throttle: { replicaLagBytes: 65_536 } } },
    );
    await using follower = await standby.connect('postgres');
    await follower.query('SELECT pg_wal_replay_pause()');
    await trial.source.query(
      `INSERT INTO items SELECT n, repeat('x', 500) FROM generate_series(1001, 3000) n`,
    );
    await running.until('it is slow', () => running.log.all('throttle').length > 0);
    expect(running.log.all('throttle')[0]?.reason).toMatch(/^a replica is behind by \d+ bytes/);
    await follower.query('SELECT pg_wal_replay_resume()');
    await running.until('full speed', () => running.log.all('throttle').at(-1)?.share === 1);
    await running.inStep('items');
  });
});
