import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { idOf, marketplace, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { derivedPhones } from '../../../src/recipes/user-table/mapping/phones.ts';
import { startPostgres } from '../../../tools/servers/postgres.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

/** Where transactions may be prepared, as at the servers that tests share, nobody is notified. */
const wakes = { max_prepared_transactions: '0' } as const;

const rename = (first: string, ids: readonly number[]): string =>
  `UPDATE users SET first_name = '${first}' WHERE id IN (${ids.map((id) => `'${idOf(id)}'`).join()})`;

const called = (town: Town, first: string, id: number) =>
  eventually(
    `${id} is called ${first}`,
    async () => (await town.chatUser(idOf(id)))?.name === `${first} Last${id}`,
  );

/** What was told of this type was open, and is over. */
const toldAndOver = (town: Town, type: string) =>
  eventually(
    `${type} is told, and over`,
    async () => {
      const rows = (await town.errors()).filter(({ error_type }) => error_type === type);
      return rows.length > 0 && rows.every(({ resolved, resolved_at }) => resolved && resolved_at !== null);
    },
    async () => JSON.stringify(await town.errors()),
  );

const agrees = (town: Town) =>
  eventually(
    'both sides agree',
    async () => (await town.verify()).consistent,
    () => town.verify(),
  );

describe('faults', { timeout: 120_000 }, () => {
  test('UT-35 the marketplace is restarted: nothing is lost', async () => {
    await using server = await startPostgres({ version: 17 });
    const name = await server.createDatabase();
    const client = async (sql: string): Promise<void> => {
      await using connection = await server.connect(name);
      await connection.query(sql);
    };
    await client(`${marketplace}; ${people(1, 100)}`);
    await using town = await openTown({
      env: { SOURCE_DB_PORT: String(server.port), SOURCE_DB_NAME: name, SOURCE_DB_USER: 'postgres' },
    });
    await using service = await town.start();
    await server.kill();
    await eventually('it is noticed', () => service.logged(/^Attempt \d+ failed/).length > 0);
    await server.start();
    await client(rename('Back', [1]));
    await called(town, 'Back', 1);
    await service.healthy();
    await toldAndOver(town, 'REALTIME_SYNC_CONNECTION_ERROR');
    await agrees(town);
  });

  test('UT-36 UT-37 UT-44 large rows, late commits and silent updates arrive', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await using service = await town.start('setup');
    const late = await town.source.connect();
    await late.query(`BEGIN; ${rename('Late', [1])}`);
    await town.source.query(
      `UPDATE users SET bio = repeat('x', 20000), first_name = 'Large' WHERE id = '${idOf(2)}'`,
    );
    await town.source.query(
      `UPDATE users SET first_name = 'Silent', updated_at = '2001-01-01' WHERE id = '${idOf(3)}'`,
    );
    // Changes wait for the transaction; passes see nothing of it, and bring what is committed.
    const completed = () => service.logged('Scheduled sync completed').length;
    const before = completed();
    await called(town, 'Large', 2);
    await called(town, 'Silent', 3);
    await eventually('passes go on', () => completed() >= before + 2);
    expect(await town.chatUser(idOf(1))).toMatchObject({ name: 'First1 Last1' });
    await late.query('COMMIT');
    await called(town, 'Late', 1);
    expect(String((await town.chatUser(idOf(2)))?.metaData?.['bio'])).toHaveLength(20_000);
    await agrees(town);
  });

  test('UT-38 an enum value that the chat does not know any more stops nobody else', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 30));
    await using _service = await town.start();
    await town.source.query(`ALTER TYPE user_role ADD VALUE 'moderator'`);
    await town.source.query(`UPDATE users SET role = 'moderator' WHERE id = '${idOf(6)}'`);
    await eventually(
      'a role that nobody knows is customer',
      async () => (await town.chatUser(idOf(6)))?.role === 'customer',
    );
    await town.chat.query(`ALTER TYPE enum_users_role RENAME VALUE 'usta' TO 'craftsman'`);
    await town.source.query(`${rename('Role', [3, 4])}`);
    await called(town, 'Role', 4);
    await eventually('the other is told', async () =>
      (await town.errors()).some(({ user_id }) => user_id === idOf(3)),
    );
    await town.chat.query(`ALTER TYPE enum_users_role RENAME VALUE 'craftsman' TO 'usta'`);
    await town.source.query(rename('Known', [3]));
    await called(town, 'Known', 3);
    await eventually('that is resolved', async () => (await town.errors()).every(({ resolved }) => resolved));
  });

  test('UT-39 an empty source deactivates nobody until somebody approves', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 300));
    await using service = await town.start();
    const active = async () =>
      (await town.chatUsers()).filter(({ metaData }) => metaData?.['deactivatedAt'] === undefined).length;
    await town.source.query('TRUNCATE users');
    await eventually('it is held back', () => service.logged('Too many users would leave').length > 0);
    const completed = () => service.logged('Scheduled sync completed').length;
    const before = completed();
    await eventually('other passes go by', () => completed() >= before + 2);
    expect(await active()).toBe(300);
    await eventually('it is a row, which stays open', async () => (await town.errors()).length > 0);
    expect(await town.errors()).toMatchObject([{ error_type: 'DELETE_USER_FAILED', resolved: false }]);
    expect((await town.command(['approve'])).answer).toMatchObject({ ok: true });
    await eventually('they leave', async () => (await active()) === 0);
    await toldAndOver(town, 'DELETE_USER_FAILED');
    expect(await town.chatUsers()).toHaveLength(300);
  });

  test('UT-39 a source that can’t be read deactivates nobody', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await using service = await town.start('setup');
    const before = await town.chatUsers();
    await town.source.query('ALTER TABLE users RENAME TO elsewhere');
    await eventually('health is red', async () => (await service.get('/health')).code === 503);
    expect(await town.chatUsers()).toEqual(before);
    await service.stop();
    await town.source.query('ALTER TABLE elsewhere RENAME TO users');
    await using _next = await town.start();
    await town.source.query(rename('Seen', [1]));
    await called(town, 'Seen', 1);
    expect((await town.chatUsers()).slice(1)).toEqual(before.slice(1));
    await agrees(town);
  });

  test('UT-41 a listener that is lost again and again loses nothing, is opened once each time, and is not ended by a bad notification', async () => {
    await using server = await startPostgres({ version: 17, settings: wakes });
    const name = await server.createDatabase();
    await using client = await server.connect(name);
    const query = (sql: string) => client.query(sql);
    await query(`${marketplace}; ${people(1, 50)}`);
    await using town = await openTown({
      env: { SOURCE_DB_PORT: String(server.port), SOURCE_DB_NAME: name, SOURCE_DB_USER: 'postgres' },
    });
    await using service = await town.start('setup', { SYNC_INTERVAL_SECONDS: '3600' });
    // Who sleeps has asked to be woken, and nothing since.
    const asleep = async () => {
      const { rows } = await query(
        `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'lockstep%' AND state = 'idle' AND query LIKE '%setval%asleep_users%clock_timestamp%'`,
      );
      return rows.map((row) => Number(row['pid']));
    };
    const sleepers = async () => {
      let found = await asleep();
      await eventually('a listener sleeps', async () => {
        found = await asleep();
        return found.length > 0;
      });
      return found;
    };
    for (const turn of [1, 2, 3]) {
      const listeners = await sleepers();
      expect(listeners).toHaveLength(1);
      await query(`SELECT pg_terminate_backend(${listeners[0]})`);
      await query(rename(`Unheard${turn}`, [turn]));
      await called(town, `Unheard${turn}`, turn);
    }
    await toldAndOver(town, 'REALTIME_SYNC_CONNECTION_ERROR');
    const listeners = await sleepers();
    expect(listeners).toHaveLength(1);
    const attempts = service.logged(/^Attempt/).length;
    for (const payload of ['{"not":', '', 'x'.repeat(7_999)]) {
      await query(`SELECT pg_notify('user_changes', '${payload}')`);
      await sleepers();
    }
    await query(rename('Heard', [5]));
    await called(town, 'Heard', 5);
    expect(await sleepers()).toEqual(listeners);
    expect(service.logged(/^Attempt/)).toHaveLength(attempts);
    await service.healthy();
  });

  test('UT-40 kills lose nothing', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 200));
    {
      await using first = await town.start();
      await town.source.query(rename('Before', [2]));
      await first.child.kill();
    }
    await town.source.query(`${rename('While', [3])}; DELETE FROM users WHERE id = '${idOf(4)}'`);
    await using _second = await town.start();
    await called(town, 'Before', 2);
    await called(town, 'While', 3);
    // A pass decides about who leaves once it has read everything.
    await eventually(
      'who was deleted is deactivated',
      async () => (await town.chatUser(idOf(4)))?.metaData?.['deactivatedAt'] !== undefined,
    );
    await agrees(town);
  });

  test('UT-40 UT-15 killed at each place where it remembers who waits for a phone, everybody has what he should in the end', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 40));
    const points = [
      'destination.window.before-commit:2',
      'destination.window.after-commit:2',
      'alternative.note.before:1',
      'alternative.note.after:1',
      'alternative.forget.after:1',
    ];
    for (const [turn, point] of points.entries()) {
      await using dying = await town.begin('start', {
        LOCKSTEP_FAILPOINT: point,
      });
      const shared = `777${turn}`;
      for (const id of [5, 3, 4])
        await town.source.query(`UPDATE users SET phone = '${shared}' WHERE id = '${idOf(id)}'`);
      await town.source.query(`UPDATE users SET phone = '888${turn}' WHERE id = '${idOf(3)}'`);
      let isOver = false;
      dying.child.ended
        .then(() => {
          isOver = true;
        })
        .catch(() => undefined);
      for (let n = 0; !isOver && n < 200; n += 1)
        await town.source.query(`UPDATE users SET bio = '${turn} ${n}' WHERE id = '${idOf(3)}'`);
      await dying.child.kill();
      await using _living = await town.start();
      await eventually(
        'everybody has what he should',
        async () => {
          const phones = await town.phonesOf([3, 4, 5].map(idOf));
          return (
            phones[0] === `888${turn}` && phones[1] === shared && phones[2] === derivedPhones(idOf(5))[0]
          );
        },
        async () =>
          town.chat
            .query(`SELECT id, phone FROM users WHERE id IN ('${idOf(3)}', '${idOf(4)}', '${idOf(5)}')`)
            .then(({ rows }) => JSON.stringify(rows)),
      );
      // The fifth alone waits, whoever had to tell it and died.
      await eventually(
        'it is told who waits, and of nobody else',
        async () => {
          const open = (await town.errors()).filter(({ resolved }) => !resolved);
          return open.length === 1 && open[0]?.user_id === idOf(5);
        },
        async () => JSON.stringify(await town.errors()),
      );
      expect(
        (await town.errors()).filter(({ error_type }) => error_type === 'UPSERT_USER_FAILED'),
      ).not.toEqual([]);
    }
    await agrees(town);
  });

  test('UT-17 UT-36 the channel user_changes wakes the reader, and never carries a row', async () => {
    await using server = await startPostgres({ version: 17, settings: wakes });
    const name = await server.createDatabase();
    const listener = new pg.Client(server.superuserUrl.replace(/\/[^/]*$/, `/${name}`));
    await listener.connect();
    await listener.query(`${marketplace}; ${people(1, 20)}; LISTEN user_changes`);
    const heard: string[] = [];
    listener.on('notification', ({ channel, payload }) => void heard.push(`${channel} ${payload}`));
    await using town = await openTown({
      env: { SOURCE_DB_PORT: String(server.port), SOURCE_DB_NAME: name, SOURCE_DB_USER: 'postgres' },
    });
    {
      await using service = await town.start('setup', { SYNC_INTERVAL_SECONDS: '3600' });
      heard.length = 0;
      await eventually('the reader sleeps', async () => {
        const { rows } = await listener.query(
          `SELECT FROM pg_sequences WHERE sequencename = 'asleep_users' AND last_value > 0`,
        );
        return rows.length === 1;
      });
      await listener.query(
        `UPDATE users SET first_name = 'Woken', password = 'hash' WHERE id = '${idOf(1)}'`,
      );
      await called(town, 'Woken', 1);
      await service.stop();
    }
    await listener.end();
    expect(new Set(heard)).toEqual(new Set(['user_changes ']));
  });

  test('UT-57 a trigger of ours that fails does not fail the application, and what it missed is found', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await using service = await town.start('setup');
    await town.source.query('ALTER TABLE lockstep.log_users RENAME TO away');
    await town.source.query(rename('Missed', [1]));
    await town.source.query('ALTER TABLE lockstep.away RENAME TO log_users');
    await called(town, 'Missed', 1);
    await service.healthy();
    await toldAndOver(town, 'REALTIME_NOTIFICATION_FAILED');
    await agrees(town);
  });

  test('UT-58 what changes while the first copy is under way is not missed', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 8_000));
    await using service = await town.begin('setup');
    let turn = 0;
    await eventually('it is live, while users come, change and go', async () => {
      turn += 1;
      await town.source.query(
        `${rename(`T${turn}`, [turn, 8_001 - turn])}; DELETE FROM users WHERE id = '${idOf(4_000 + turn)}'; ${people(8_000 + turn, 8_000 + turn)}`,
      );
      return service.logged('Status: live').length > 0;
    });
    await called(town, `T${turn}`, turn);
    await agrees(town);
    const expected = await town.source.query(`SELECT FROM users WHERE status = 'active'`);
    expect((await town.verify()).chatCount).toBe(expected.rowCount);
  });

  test('UT-43 a pass that takes longer than the interval is told, not overlapped, and followed at once', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    const intervalMs = 3_000;
    await using service = await town.start('start', { SYNC_INTERVAL_SECONDS: String(intervalMs / 1000) });
    const times = (message: string) => service.logged(message).map(({ timestamp }) => Date.parse(timestamp));
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await eventually('it is told', () => times('Previous sync still in progress').length > 0);
    const begun = times('Scheduled sync begins');
    const beganAt = begun.at(-1) ?? 0;
    expect(begun.length - times('Scheduled sync completed').length).toBe(1);
    const approachedAt = times('Sync duration approaching interval').at(-1) ?? 0;
    const inProgressAt = times('Previous sync still in progress')[0] ?? 0;
    expect(approachedAt).toBeGreaterThan(beganAt);
    expect(inProgressAt).toBeGreaterThanOrEqual(approachedAt);
    await holder.query('COMMIT');
    await eventually('the next follows', () => times('Scheduled sync begins').length > begun.length);
    const endedAt = times('Scheduled sync completed')[begun.length - 1] ?? 0;
    const nextAt = times('Scheduled sync begins')[begun.length] ?? 0;
    // What was due meanwhile does not wait for the next regular moment, which is most of an interval away.
    expect(endedAt - beganAt).toBeGreaterThanOrEqual(intervalMs);
    expect(nextAt - endedAt).toBeGreaterThanOrEqual(0);
    expect(nextAt - endedAt).toBeLessThan(intervalMs / 2);
    for (const { begins, ends } of spans(service.logged(/^Scheduled sync/).map(({ message }) => message)))
      expect(begins - ends).toBeLessThanOrEqual(1);
  });

  test('UT-42 a wrong clock of this machine misses nothing', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 50));
    await using proxy = await startFaultProxy(town.source.url);
    for (const hours of [-7, 7]) {
      const clock = `data:text/javascript,const now = Date.now; Date.now = () => now() + ${hours * 3_600_000};`;
      await using service = await town.begin('start', {
        SOURCE_DB_PORT: String(proxy.port),
        NODE_OPTIONS: `--import=${encodeURI(clock)}`,
      });
      await town.source.query(rename(`H${hours + 10}`, [1]));
      await called(town, `H${hours + 10}`, 1);
      await service.healthy();
      proxy.reset();
      await town.source.query(rename(`R${hours + 10}`, [2]));
      await called(town, `R${hours + 10}`, 2);
      await service.stop();
    }
    await agrees(town);
  });
});

/** How many have begun and ended after each line. */
function spans(messages: readonly string[]): readonly { readonly begins: number; readonly ends: number }[] {
  let [begins, ends] = [0, 0];
  return messages.map((message) => {
    if (message.includes('begins')) begins += 1;
    else ends += 1;
    return { begins, ends };
  });
}
