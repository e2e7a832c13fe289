import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

describe('sync_errors', { timeout: 90_000 }, () => {
  test('UT-30 UT-31 a user that fails is one row, stops nobody, is listed, and is resolved', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 200));
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last5')`);
    await town.source.query(`UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(5)}'`);
    await using _service = await town.start();
    expect(await town.chatUsers()).toHaveLength(199);
    const rowsOf = async () => (await town.errors()).filter(({ user_id }) => user_id === idOf(5));
    await eventually('it is a row', async () => (await rowsOf()).length === 1);
    expect((await rowsOf())[0]).toMatchObject({
      error_type: 'BULK_SYNC_USER_FAILED',
      resolved: false,
      resolved_at: null,
    });
    expect(await town.command(['letters'])).toMatchObject({
      code: 2,
      answer: { result: { letters: [{ key: `["${idOf(5)}"]` }] } },
    });
    await town.source.query(
      `UPDATE users SET first_name = 'Bad', bio = 'again' WHERE id IN ('${idOf(5)}', '${idOf(6)}')`,
    );
    await eventually('the others flow', async () => (await town.chatUser(idOf(6)))?.name === 'Bad Last6');
    await town.source.query(`UPDATE users SET first_name = 'Good' WHERE id = '${idOf(5)}'`);
    await eventually('it is resolved', async () =>
      (await rowsOf()).every(({ resolved, resolved_at }) => resolved && resolved_at !== null),
    );
    expect(await rowsOf()).toHaveLength(1);
    const { rows: columns } = await town.chat.query(
      `SELECT column_name AS name, data_type AS type, is_nullable AS nullable, character_maximum_length AS length FROM information_schema.columns WHERE table_name = 'sync_errors' ORDER BY ordinal_position`,
    );
    expect(columns).toEqual([
      { name: 'id', type: 'integer', nullable: 'NO', length: null },
      { name: 'error_type', type: 'character varying', nullable: 'NO', length: 100 },
      { name: 'user_id', type: 'character varying', nullable: 'YES', length: 255 },
      { name: 'error_message', type: 'text', nullable: 'NO', length: null },
      { name: 'error_stack', type: 'text', nullable: 'YES', length: null },
      { name: 'additional_data', type: 'jsonb', nullable: 'YES', length: null },
      { name: 'created_at', type: 'timestamp without time zone', nullable: 'YES', length: null },
      { name: 'resolved', type: 'boolean', nullable: 'YES', length: null },
      { name: 'resolved_at', type: 'timestamp without time zone', nullable: 'YES', length: null },
      { name: 'retry_count', type: 'integer', nullable: 'YES', length: null },
    ]);
    const { rows: indexes } = await town.chat.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE tablename = 'sync_errors'`,
    );
    await town.chat.query(
      `INSERT INTO sync_errors (error_type, error_message) VALUES ('SETUP_FAILED', 'by hand')`,
    );
    expect((await town.errors()).at(-1)).toMatchObject({
      created_at: expect.any(Date),
      resolved: false,
      resolved_at: null,
      retry_count: 0,
    });
    for (const part of ['(error_type)', '(user_id)', '(created_at DESC)', 'WHERE (resolved = false)'])
      expect(indexes.filter(({ indexdef }) => indexdef.includes(part))).toHaveLength(1);
  });

  test('UT-32 UT-34 UT-53 while the chat database is away errors are kept here, and after its attempts it says so loudly; when it is back nothing is lost', async () => {
    await using town = await openTown();
    await using proxy = await startFaultProxy(town.chat.url);
    await town.source.query(people(1, 100));
    await using service = await town.start('start', {
      CHAT_DB_PORT: String(proxy.port),
      MAX_RECONNECT_ATTEMPTS: '3',
      MAX_CONSECUTIVE_FAILURES: '50',
    });
    await proxy.refuse();
    proxy.reset();
    await town.source.query(`UPDATE users SET first_name = 'Away' WHERE id = '${idOf(1)}'`);
    await eventually('health is red', async () => (await service.get('/health')).code === 503);
    const health: { checks: object; recommendations: readonly string[] } = JSON.parse(
      (await service.get('/health')).text,
    );
    expect(health.checks).toMatchObject({ realtimeSyncActive: false });
    expect(health.recommendations.join()).toContain('Real-time sync is not active');
    await eventually('it is told loudly', () => service.logged('Gave up hope after 3 attempts').length > 0);
    expect(service.logged('Gave up hope')[0]?.level).toBe('ERROR');
    await eventually('it is tried again', () => service.logged(/^Attempt [4-9] failed/).length > 0);
    expect(await town.errors()).toEqual([]);
    await proxy.heal();
    await eventually('nothing is lost', async () => (await town.chatUser(idOf(1)))?.name === 'Away Last1');
    await service.healthy();
    await eventually('what happened is written, and resolved', async () => {
      const errors = await town.errors();
      return errors.length > 0 && errors.every(({ resolved }) => resolved);
    });
    expect((await town.errors()).map(({ error_type }) => error_type)).toContain('POOL_ERROR');
  });

  test('UT-31 a user that failed is tried again by replay, once its cause is mended', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'First5 Last5')`);
    await using service = await town.begin('start', { SYNC_INTERVAL_SECONDS: '3600' });
    await eventually('it is a row', async () => (await town.errors()).length === 1);
    await town.chat.query('ALTER TABLE users DROP CONSTRAINT no_name');
    expect(await town.command(['replay'])).toMatchObject({ code: 0, answer: { ok: true } });
    expect(await town.chatUser(idOf(5))).toMatchObject({ name: 'First5 Last5' });
    expect((await town.command(['letters'])).answer).toMatchObject({ result: { letters: [] } });
    await eventually('it is resolved', async () => (await town.errors()).every(({ resolved }) => resolved));
    expect(service.logged('Users that had failed are synchronised')).toHaveLength(1);
  });

  test('UT-31 a command that fails leaves a row, which its next success resolves', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 10));
    expect((await town.command(['sync-all'])).answer).toMatchObject({ ok: true });
    await town.source.query('ALTER TABLE users RENAME TO elsewhere');
    expect((await town.command(['verify'])).answer).toMatchObject({
      ok: false,
      error: { code: 'not-ready' },
    });
    const rows = async () => (await town.errors()).map(({ error_type, resolved }) => [error_type, resolved]);
    expect(await rows()).toEqual([['VERIFICATION_FAILED', false]]);
    await town.source.query('ALTER TABLE elsewhere RENAME TO users');
    expect((await town.command(['verify'])).answer).toMatchObject({ ok: true });
    expect(await rows()).toEqual([['VERIFICATION_FAILED', true]]);
  });

  test('UT-33 one row stands for one trouble, and old rows go', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 10));
    {
      await using service = await town.start('setup');
      await service.stop();
    }
    await town.chat.query(
      `INSERT INTO sync_errors (error_type, user_id, error_message, created_at, resolved) VALUES
       ('SYNC_USER_FAILED', 'old and resolved', 'x', now() - interval '40 days', true),
       ('VERIFICATION_FAILED', NULL, 'old and of nobody', now() - interval '40 days', false),
       ('SYNC_USER_FAILED', 'young', 'x', now() - interval '20 days', true),
       ('SYNC_USER_FAILED', '${idOf(1)}', 'right by now', now() - interval '1 day', false)`,
    );
    await using proxy = await startFaultProxy(town.source.url);
    await proxy.refuse();
    await using service = await town.begin('start', {
      SOURCE_DB_PORT: String(proxy.port),
      MAX_RECONNECT_ATTEMPTS: '3',
    });
    await eventually(
      'the source is tried again and again',
      () => service.logged('to reach both databases failed').length >= 5,
    );
    expect(service.logged('to reach both databases failed').map(({ level }) => level)[2]).toBe('ERROR');
    await eventually('one row counts', async () =>
      (await town.errors()).some(({ retry_count }) => retry_count > 0),
    );
    await proxy.heal();
    await service.healthy();
    await eventually('old rows are gone, and what is right is resolved', async () => {
      const rows = await town.errors();
      return (
        rows.every(({ resolved }) => resolved) &&
        rows.every(
          ({ user_id, error_message }) =>
            user_id !== 'old and resolved' && error_message !== 'old and of nobody',
        )
      );
    });
    const rows = await town.errors();
    expect(rows.filter(({ error_type }) => error_type === 'REALTIME_SYNC_START_FAILED')).toHaveLength(1);
    expect(rows.filter(({ user_id }) => user_id === 'young')).toHaveLength(1);
  });
});
