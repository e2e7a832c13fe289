import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { metrics } from '../../../src/recipes/user-table/metrics.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

const keysOf = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, place) => `["${idOf(from + place)}"]`);

describe('the service', { timeout: 90_000 }, () => {
  test('UT-17 setup makes what both databases need, under the historic names', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 10));
    await town.source.query(
      `CREATE FUNCTION notify_user_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('user_changes', row_to_json(NEW)::text); RETURN NEW; END $$;
       CREATE TRIGGER user_changes_trigger AFTER INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION notify_user_changes()`,
    );
    await using service = await town.start('setup');
    const { rows } = await town.source.query(
      `SELECT t.tgname, p.proname, n.nspname, t.tgenabled FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_namespace n ON n.oid = p.pronamespace
       WHERE t.tgrelid = 'users'::regclass AND NOT t.tgisinternal ORDER BY 1`,
    );
    expect(rows).toEqual(
      ['', '_delete', '_truncate', '_update'].map((ending) => ({
        tgname: `user_changes_trigger${ending}`,
        proname: 'notify_user_changes',
        nspname: 'lockstep',
        tgenabled: 'A',
      })),
    );
    const { rows: events } = await town.source.query<{ definition: string }>(
      `SELECT pg_get_triggerdef(oid) AS definition FROM pg_trigger WHERE tgname = 'user_changes_trigger'`,
    );
    expect(events[0]?.definition).toContain('AFTER INSERT ON');
    const { rows: index } = await town.source.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE indexname = 'idx_users_status_updated'`,
    );
    expect(index[0]?.indexdef).toContain('(status, updated_at DESC)');
    expect(service.logged('earlier program')).toHaveLength(1);
  });

  test('UT-18 UT-19 UT-20 UT-22 UT-23 bulk, real time and passes follow, and it says how it is until it stops', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 500));
    await using service = await town.start('setup');
    expect(await town.chatUsers()).toHaveLength(500);
    await town.source.query(`UPDATE users SET first_name = 'New' WHERE id = '${idOf(7)}'`);
    await eventually('real time', async () => (await town.chatUser(idOf(7)))?.name === 'New Last7');
    await eventually('some passes', () => service.logged('Scheduled sync completed').length >= 3);
    const order = ['Initial bulk sync completed', 'Status: live', 'Scheduled sync completed'];
    const times = order.map((message) => Date.parse(service.logged(message)[0]?.timestamp ?? ''));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    const { pipeline: _pipeline, ...stats } = await service.stats();
    expect(stats).toEqual({
      totalSynced: 501,
      lastSyncTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      lastSyncDuration: expect.any(Number),
      errors: 0,
      consecutiveFailures: 0,
      isRealTimeActive: true,
      isSyncInProgress: expect.any(Boolean),
      healthStatus: {
        status: 'HEALTHY',
        checks: {
          realtimeSyncActive: true,
          scheduledSyncActive: true,
          recentSyncSuccess: true,
          lowErrorRate: true,
        },
        recommendations: ['All systems operational'],
      },
    });
    for (const path of ['/', '/health']) {
      const { code, text } = await service.get(path);
      expect([code, JSON.parse(text)]).toEqual([
        200,
        {
          status: 'HEALTHY',
          timestamp: expect.stringMatching(/Z$/),
          service: 'user-sync-service',
          version: expect.any(String),
          checks: stats.healthStatus.checks,
          recommendations: ['All systems operational'],
        },
      ]);
    }
    const { text } = await service.get('/metrics');
    const ofContract = [
      'sync_total_synced',
      'sync_errors',
      'sync_consecutive_failures',
      'sync_realtime_active',
      'sync_scheduled_active',
      'sync_last_duration_seconds',
    ];
    for (const name of [...ofContract, ...Object.keys(metrics)])
      expect(text).toMatch(new RegExp(`^${name} (NaN|[\\d.]+)$`, 'm'));
    expect(text).toContain('sync_total_synced 501\n');
    expect(text).toContain('sync_realtime_active 1\n');
    expect(text).toContain('sync_warnings 0\n');
    expect((await service.get('/elsewhere')).code).toBe(404);
    const { code, stdout } = await service.stop();
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    for (const line of lines) {
      expect(line['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(['INFO', 'SUCCESS', 'WARNING', 'ERROR', 'DEBUG']).toContain(line['level']);
      expect(line['message']).toEqual(expect.any(String));
    }
    const lastPass = lines.findLast(({ message }) => message === 'Scheduled sync completed');
    expect(lines.find(({ message }) => message === 'Final statistics')).toMatchObject({
      totalSynced: 501,
      lastSyncDuration: Math.round(Number(lastPass?.['seconds']) * 1000),
    });
  });

  test('UT-23 Ctrl-C ends it gracefully too', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 10));
    await using service = await town.start();
    const { code, stdout } = await service.stop('SIGINT');
    expect(code).toBe(130);
    expect(stdout).toContain('Final statistics');
  });

  test('UT-23 it ends within 30 s while the chat’s table is locked, which is no failure of its own', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using service = await town.start('setup');
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await town.source.query(`UPDATE users SET first_name = 'Later' WHERE id = '${idOf(1)}'`);
    await eventually('it waits for the lock', async () => {
      const { rows } = await town.chat.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return rows.length > 0;
    });
    const askedAt = performance.now();
    const { code, stdout } = await service.stop();
    expect(performance.now() - askedAt).toBeLessThan(30_000);
    expect(code).toBe(0);
    expect(stdout).not.toContain('Sync failed');
    expect(stdout).toContain('Final statistics');
    await holder.query('COMMIT');
    await using _next = await town.start();
    await eventually('nothing is lost', async () => (await town.chatUser(idOf(1)))?.name === 'Later Last1');
  });

  test('UT-24 UT-28 a second process stands by, and takes over when the first is killed', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    await using first = await town.start();
    await using second = await town.begin();
    await eventually('it stands by', () => second.logged('Status: standby').length > 0);
    await second.healthy();
    const passed = first.logged('Scheduled sync completed').length;
    await eventually(
      'the first goes on',
      () => first.logged('Scheduled sync completed').length >= passed + 2,
    );
    expect(second.logged('Scheduled sync begins')).toEqual([]);
    expect((await town.command(['status'])).answer).toMatchObject({
      ok: true,
      result: { status: expect.stringMatching(/live|healing/), openErrors: 0 },
    });
    await first.child.kill();
    await town.source.query(`UPDATE users SET first_name = 'Late' WHERE id = '${idOf(3)}'`);
    await eventually('it has taken over', async () => (await town.chatUser(idOf(3)))?.name === 'Late Last3');
    await eventually('it says so', () => second.logged('Status: live').length > 0);
  });

  test('UT-24 passes that other processes ask for wait for the one under way, and never overlap it', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    await using service = await town.start('start', { SYNC_INTERVAL_SECONDS: '5', LOG_LEVEL: 'DEBUG' });
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const waiting = async () =>
      (
        await town.chat.query(
          `SELECT FROM pg_locks WHERE relation = 'users'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT granted`,
        )
      ).rowCount;
    await eventually('a pass is under way', async () => (await waiting()) === 1);
    let ended = 0;
    const asked = [1, 2].map(async () => {
      const { answer } = await town.command(['sync-all']);
      ended += 1;
      return answer;
    });
    await eventually('it takes longer than the interval', async () => {
      expect(await waiting()).toBe(1);
      return service.logged('Previous sync still in progress').length > 0;
    });
    expect(ended).toBe(0);
    await holder.query('COMMIT');
    for (const answer of await Promise.all(asked))
      expect(answer).toMatchObject({ ok: true, result: { consistent: true } });
    const walks = service.logged('Both sides were compared').map(({ timestamp, seconds }) => {
      const endedAt = Date.parse(timestamp);
      return { beganAt: endedAt - Number(seconds) * 1000, endedAt };
    });
    expect(walks.length).toBeGreaterThan(2);
    // A log entry is written a moment after what it tells of.
    for (const [place, { beganAt }] of walks.entries())
      expect(beganAt).toBeGreaterThan((walks[place - 1]?.endedAt ?? 0) - 1_000);
  });

  test('UT-25 UT-26 verify tells what differs, and mends it; sync-all is a pass', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 300));
    expect((await town.command(['sync-all'])).answer).toMatchObject({
      ok: true,
      result: { consistent: true, sourceCount: 300, chatCount: 300 },
    });
    await town.chat.query(
      `UPDATE users SET name = 'meddled' WHERE id = '${idOf(1)}'; DELETE FROM users WHERE id BETWEEN '${idOf(2)}' AND '${idOf(13)}';
       INSERT INTO users (id, "externalId", name, phone) VALUES ('${idOf(999)}', '${idOf(999)}', 'stray', '1');
       INSERT INTO users (id, "externalId", name, phone, "createdAt") VALUES ('${idOf(998)}', '${idOf(998)}', 'old stray', '2', now() - interval '2 hours')`,
    );
    const { code, answer } = await town.command(['verify']);
    expect([code, answer]).toMatchObject([
      2,
      {
        ok: false,
        result: {
          sourceCount: 300,
          chatCount: 290,
          difference: 10,
          // The old stray is none of them.
          recentDifference: 11,
          consistent: false,
          timestamp: expect.any(String),
          users: {
            missing: 12,
            extra: 2,
            different: 1,
            samples: {
              missing: expect.arrayContaining([...keysOf(2, 13)]),
              extra: expect.arrayContaining([...keysOf(998, 999)]),
              different: keysOf(1, 1),
            },
            mostNamed: 1000,
          },
        },
      },
    ]);
    expect((await town.command(['verify', '--repair'])).answer).toMatchObject({
      ok: true,
      result: { consistent: true, repaired: { inserted: 12, updated: 1, left: 2 } },
    });
    // No pass of the service's own mends what the commands are to mend.
    await using service = await town.start('start', { SYNC_INTERVAL_SECONDS: '3600' });
    await eventually('its first pass went by', () => service.logged('Scheduled sync completed').length === 1);
    for (const command of [['verify', '--repair'], ['sync-all']]) {
      await town.chat.query(
        `UPDATE users SET name = 'meddled' WHERE id = '${idOf(1)}'; DELETE FROM users WHERE id = '${idOf(2)}'`,
      );
      expect(await town.verify()).toMatchObject({ consistent: false });
      expect((await town.command(command)).answer, command.join(' ')).toMatchObject({
        ok: true,
        result: { consistent: true, repaired: { inserted: 1, updated: 1, left: 0 } },
      });
      expect(await town.chatUser(idOf(1))).toMatchObject({ name: 'First1 Last1' });
      expect(await town.chatUser(idOf(2))).toMatchObject({ name: 'First2 Last2' });
    }
    expect(service.logged('Scheduled sync begins')).toHaveLength(1);
    await service.stop();
  });

  test('UT-27 bulk brings in a part in key order, and nobody leaves by it', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await town.chat.query(
      `INSERT INTO users (id, "externalId", name, phone) VALUES ('${idOf(999)}', '${idOf(999)}', 'stays', '1')`,
    );
    expect((await town.command(['bulk', '10', '5'])).answer).toMatchObject({ ok: true });
    expect((await town.chatUsers()).map(({ id }) => id)).toEqual([
      ...Array.from({ length: 10 }, (_, n) => idOf(n + 6)),
      idOf(999),
    ]);
    expect((await town.command(['bulk', '10'])).answer).toMatchObject({ ok: true });
    expect(await town.chatUsers()).toHaveLength(16);
    expect((await town.command(['bulk'])).answer).toMatchObject({ ok: true });
    expect(await town.chatUsers()).toHaveLength(101);
    await using service = await town.start();
    expect((await town.verify()).consistent).toBe(true);
    expect(await town.command(['bulk', '1'])).toMatchObject({
      code: 1,
      answer: { error: { code: 'lease-held' } },
    });
    await service.stop();
    expect(await town.command(['bulk', 'ten'])).toMatchObject({
      code: 3,
      answer: { error: { code: 'usage' } },
    });
  });

  test('UT-54 realtime follows changes, without passes, and is healthy', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    await using service = await town.start('realtime', { SYNC_INTERVAL_SECONDS: '1' });
    expect(await town.chatUsers()).toHaveLength(50);
    await town.source.query(`UPDATE users SET first_name = 'Real' WHERE id = '${idOf(1)}'`);
    await eventually('it is there', async () => (await town.chatUser(idOf(1)))?.name === 'Real Last1');
    const { timestamp = '' } = service.logged('Status: live')[0] ?? {};
    await eventually('intervals go by', () => Date.now() - Date.parse(timestamp) > 3_000);
    expect(service.logged(/^Scheduled sync/)).toEqual([]);
    expect((await service.stats()).healthStatus.status).toBe('HEALTHY');
  });

  test('UT-29 an address that others reach needs a token', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    expect(await town.command(['start'], { HTTP_HOST: '0.0.0.0' })).toMatchObject({
      code: 3,
      answer: { error: { code: 'variables-invalid' } },
    });
    await using service = await town.begin('start', {
      HTTP_HOST: '0.0.0.0',
      HTTP_TOKEN: 'a-token-of-length-24-xyz',
    });
    const url = service.url.replace('0.0.0.0', '127.0.0.1');
    const answers = await Promise.all([
      fetch(`${url}/health`),
      fetch(`${url}/health`, { headers: { authorization: 'Bearer a-token-of-length-24-xyy' } }),
      fetch(`${url}/status`, { headers: { authorization: 'Bearer a-token-of-length-24-xyz' } }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 200]);
    expect(service.child.stdout).not.toContain('a-token');
  });

  test('UT-45 a second start takes no lock on the marketplace’s table', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    {
      await using service = await town.start('setup');
      await service.stop();
    }
    // Every lock of DDL on triggers, indexes or the table's shape waits for whoever writes, and is seen waiting.
    const busy = await town.source.connect();
    await busy.query('BEGIN; LOCK TABLE users IN ROW EXCLUSIVE MODE');
    const locks = () =>
      town.source.query(
        `SELECT FROM pg_locks WHERE relation = 'users'::regclass AND mode NOT IN ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock')`,
      );
    await using service = await town.begin('setup');
    await eventually('it is live, and took no such lock', async () => {
      expect((await locks()).rowCount).toBe(0);
      return (await service.get('/health')).code === 200;
    });
    await busy.query('COMMIT');
  });
});
