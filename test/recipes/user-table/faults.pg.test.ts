import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { idOf, marketplace, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { derivedPhones } from '../../../src/recipes/user-table/mapping/phones.ts';
import { startPostgres } from '../../../tools/servers/postgres.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

const rename = (first: string, ids: readonly number[]): string =>
  `UPDATE users SET first_name = '${first}' WHERE id IN (${ids.map((id) => `'${idOf(id)}'`).join()})`;

const called = (town: Town, first: string, id: number) =>
  eventually(
    `${id} is called ${first}`,
    async () => (await town.chatUser(idOf(id)))?.name === `${first} Last${id}`,
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
    await agrees(town);
  });

  test('UT-36 UT-37 UT-44 large rows, late commits and silent updates arrive', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 100));
    await using _service = await town.start('setup');
    const late = await town.source.connect();
    await late.query(`BEGIN; ${rename('Late', [1])}`);
    await town.source.query(
      `UPDATE users SET bio = repeat('x', 20000), first_name = 'Large' WHERE id = '${idOf(2)}'`,
    );
    // Passes go by while the transaction is open, and see nothing of it.
    await eventually('passes went by', async () => (await town.verify()).sourceCount === 100);
    await town.source.query(
      `UPDATE users SET first_name = 'Silent', updated_at = '2001-01-01' WHERE id = '${idOf(3)}'`,
    );
    await late.query('COMMIT');
    await called(town, 'Late', 1);
    await called(town, 'Large', 2);
    await called(town, 'Silent', 3);
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
    await eventually('another pass goes by', () => service.logged('Scheduled sync completed').length > 2);
    expect(await active()).toBe(300);
    expect((await town.command(['approve'])).answer).toMatchObject({ ok: true });
    await eventually('they leave', async () => (await active()) === 0);
    await eventually('that is over', async () => (await town.errors()).every(({ resolved }) => resolved));
    expect(await town.chatUsers()).toHaveLength(300);
  });

  test('UT-40 UT-41 kills and lost listeners lose nothing', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 200));
    {
      await using first = await town.start();
      await town.source.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'lockstep%'`,
      );
      await town.source.query(rename('Unheard', [1]));
      await called(town, 'Unheard', 1);
      await town.source.query(`SELECT pg_notify('user_changes', '{"not":'), pg_notify('user_changes', '')`);
      await town.source.query(rename('Heard', [5]));
      await called(town, 'Heard', 5);
      await first.healthy();
      const { rows } = await town.source.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
      );
      expect(rows.length).toBeLessThanOrEqual(1);
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
    // Where transactions may be prepared, as at the servers of a test run, nobody is notified.
    await using server = await startPostgres({ version: 17, settings: { max_prepared_transactions: '0' } });
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
    await using service = await town.start('start', { SYNC_INTERVAL_SECONDS: '1' });
    const holder = await town.chat.connect();
    await holder.query('BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    await eventually('it is told', () => service.logged('Previous sync still in progress').length > 0);
    expect(service.logged('Sync duration approaching interval').length).toBeGreaterThan(0);
    const begun = service.logged('Scheduled sync begins').length;
    expect(begun - service.logged('Scheduled sync completed').length).toBe(1);
    await holder.query('COMMIT');
    await eventually('the next follows', () => service.logged('Scheduled sync begins').length > begun);
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
