import { describe, expect, test } from 'vitest';
import { currentChat, formerChat, idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { derivedPhones } from '../../../src/recipes/user-table/mapping/phones.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

const deactivated = async (town: Town, id: string): Promise<boolean> =>
  (await town.chatUser(id))?.metaData?.['deactivatedAt'] !== undefined;

const nameIs = (town: Town, id: string, name: string) =>
  eventually(`${id} is called ${name}`, async () => (await town.chatUser(id))?.name === name);

describe('users', { timeout: 90_000 }, () => {
  test('UT-9 both variants of the chat’s schema are filled', async () => {
    for (const variant of [currentChat, formerChat]) {
      await using town = await openTown({ variant });
      await town.source.query(people(1, 30));
      expect((await town.command(['bulk'])).answer).toMatchObject({ ok: true });
      const users = await town.chatUsers();
      expect(users).toHaveLength(30);
      expect(users[2]).toMatchObject({
        id: idOf(3),
        externalId: idOf(3),
        role: variant.roles[1],
        phone: '994501000003',
      });
      expect(users[2]?.firstName).toBe(variant.hasNames ? 'First3' : undefined);
    }
  });

  test('UT-8 a chat whose enum lacks a role is not touched', async () => {
    await using town = await openTown({ variant: { ...currentChat, roles: ['customer', 'usta'] } });
    await town.source.query(people(1, 3));
    const { code, answer } = await town.command(['check']);
    expect([code, answer.error?.code]).toEqual([3, 'not-ready']);
    expect(answer.error?.message).toContain('lacks administrator');
    expect(await town.chatUsers()).toEqual([]);
  });

  test('UT-12 statuses decide who is active, and coming back removes deactivatedAt', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 300));
    await town.source.query(`UPDATE users SET status = 'inactive' WHERE id = '${idOf(9)}'`);
    await using _service = await town.start();
    expect(await town.chatUser(idOf(9))).toBeUndefined();
    await town.source.query(`UPDATE users SET status = 'blocked' WHERE id = '${idOf(1)}'`);
    await town.source.query(`UPDATE users SET status = 'inactive' WHERE id = '${idOf(2)}'`);
    await town.source.query(`UPDATE users SET status = 'active' WHERE id = '${idOf(9)}'`);
    await eventually(
      'they are deactivated',
      async () => (await deactivated(town, idOf(1))) && (await deactivated(town, idOf(2))),
    );
    await nameIs(town, idOf(9), 'First9 Last9');
    expect(await town.chatUser(idOf(1))).toMatchObject({
      phone: '994501000001',
      metaData: { status: 'inactive', deactivatedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
    await town.source.query(
      `UPDATE users SET status = 'active', first_name = 'Back' WHERE id = '${idOf(1)}'`,
    );
    await nameIs(town, idOf(1), 'Back Last1');
    expect((await town.chatUser(idOf(1)))?.metaData).toMatchObject({ status: 'active' });
    expect(await deactivated(town, idOf(1))).toBe(false);
    expect(await town.verify()).toMatchObject({ sourceCount: 299, chatCount: 299, consistent: true });
  });

  test('UT-12 SYNC_STATUSES names who is in the chat, and a status that nobody has is refused', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 6));
    for (const [id, status] of [
      [1, 'inprogress'],
      [2, 'inactive'],
      [3, 'blocked'],
    ] as const)
      await town.source.query(`UPDATE users SET status = '${status}' WHERE id = '${idOf(id)}'`);
    const several = { SYNC_STATUSES: 'active, inprogress' };
    expect((await town.command(['sync-all'], several)).answer).toMatchObject({
      result: { sourceCount: 4, chatCount: 4, consistent: true },
    });
    expect((await town.chatUsers()).map(({ id }) => id)).toEqual([1, 4, 5, 6].map(idOf));
    const { code, answer } = await town.command(['check'], { SYNC_STATUSES: 'active,asleep' });
    expect([code, answer.error?.code]).toEqual([3, 'not-ready']);
    expect(answer.error?.message).toMatch(/asleep.*active, inprogress, inactive, blocked/);
  });

  test('UT-13 a deleted user is deactivated with its messages kept; with SYNC_DELETES=delete both go', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 300));
    const talk = (id: string) =>
      town.chat.query(
        `INSERT INTO messages ("senderId", text) VALUES ('${id}', 'hello'); INSERT INTO device_tokens ("userId") VALUES ('${id}')`,
      );
    const messages = async () => (await town.chat.query('SELECT FROM messages')).rowCount;
    {
      await using service = await town.start();
      await talk(idOf(1));
      await town.source.query(`DELETE FROM users WHERE id = '${idOf(1)}'`);
      await eventually('it is deactivated', () => deactivated(town, idOf(1)));
      expect(await messages()).toBe(1);
      await service.stop();
    }
    await using _service = await town.start('start', { SYNC_DELETES: 'delete' });
    await talk(idOf(2));
    await town.source.query(`DELETE FROM users WHERE id = '${idOf(2)}'`);
    await eventually('it is gone', async () => (await town.chatUser(idOf(2))) === undefined);
    // Who was deactivated before goes with the next pass.
    await eventually('so is the other', async () => (await town.chatUser(idOf(1))) === undefined);
    expect(await messages()).toBe(0);
    expect((await town.chat.query('SELECT FROM device_tokens')).rowCount).toBe(0);
    expect(await town.chatUsers()).toHaveLength(298);
  });

  test('UT-14 what is the chat’s own stays as it is; rows of the earlier program are ours', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await town.chat.query(
      `INSERT INTO users (id, "externalId", name, phone, "socketId", "isOnline", "lastSeen", "metaData") VALUES
       ('${idOf(1)}', '${idOf(1)}', 'by the earlier program', '994501000001', 's1', true, '2020-01-01', '{"old":1}'),
       ('${idOf(900)}', NULL, 'made by the chat', '5551', 's2', true, '2020-01-01', NULL),
       ('${idOf(901)}', '${idOf(801)}', 'also by the chat', '5552', NULL, false, NULL, NULL)`,
    );
    const own = () =>
      town.chat.query(`SELECT * FROM users WHERE id IN ('${idOf(900)}', '${idOf(901)}') ORDER BY id`);
    const before = (await own()).rows;
    await using _service = await town.start();
    await nameIs(town, idOf(1), 'First1 Last1');
    expect(
      (
        await town.chat.query(
          `SELECT "socketId", "isOnline", "lastSeen"::date::text FROM users WHERE id = '${idOf(1)}'`,
        )
      ).rows,
    ).toEqual([{ socketId: 's1', isOnline: true, lastSeen: '2020-01-01' }]);
    await town.chat.query(`UPDATE users SET "socketId" = 's9', "isOnline" = false WHERE id = '${idOf(2)}'`);
    expect(await town.verify()).toMatchObject({ sourceCount: 20, chatCount: 20, consistent: true });
    expect((await own()).rows).toEqual(before);
    expect(await town.chatUser(idOf(2))).toMatchObject({ socketId: 's9' });
  });

  test.each([
    ['our user’s id with another externalId', [idOf(2), idOf(802)]],
    ['our user’s id without any', [idOf(2), null]],
    ['our user’s id as the externalId of another', [idOf(902), idOf(2)]],
  ])(
    'UT-14 UT-31 a row of the chat’s own with %s stays, and keeps out that user alone',
    async (_, [id, externalId]) => {
      await using town = await openTown();
      await town.source.query(people(1, 200));
      await town.chat.query(
        `INSERT INTO users (id, "externalId", name, phone, "updatedAt") VALUES ($1, $2, 'of the chat', '5551', '2020-01-01')`,
        [id, externalId],
      );
      const before = await town.chatUser(String(id));
      await using _service = await town.start();
      expect(await town.chatUsers()).toHaveLength(200);
      await town.source.query(
        `UPDATE users SET first_name = 'New' WHERE id IN ('${idOf(1)}', '${idOf(2)}', '${idOf(3)}')`,
      );
      for (const other of [1, 3]) await nameIs(town, idOf(other), `New Last${other}`);
      await eventually('it is a row', async () => (await town.errors()).length > 0);
      const errors = await town.errors();
      expect(errors.map(({ user_id, resolved }) => [user_id, resolved])).toEqual(
        errors.map(() => [idOf(2), false]),
      );
      expect((await town.command(['letters'])).answer).toMatchObject({
        result: { letters: [{ key: `["${idOf(2)}"]` }] },
      });
      expect(await town.chatUser(String(id))).toEqual(before);
      await town.chat.query(`DELETE FROM users WHERE id = '${id}'`);
      await nameIs(town, idOf(2), 'New Last2');
      await eventually('that is over', async () => (await town.errors()).every(({ resolved }) => resolved));
    },
  );

  test('UT-11 columns that belong to the chat are never written, whatever changes', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await using _service = await town.start();
    await town.chat.query(
      `ALTER TABLE users DISABLE TRIGGER users_updated_at; UPDATE users SET "socketId" = 's', "isOnline" = true, "lastSeen" = '2020-01-01', "updatedAt" = '2020-01-01'`,
    );
    await town.source.query(`UPDATE users SET first_name = 'New'`);
    await eventually('all are new', async () =>
      (await town.chatUsers()).every(({ name }) => name.startsWith('New')),
    );
    const { rows } = await town.chat.query(
      `SELECT DISTINCT "socketId", "isOnline", "lastSeen"::date::text, "updatedAt"::date::text FROM users`,
    );
    expect(rows).toEqual([
      { socketId: 's', isOnline: true, lastSeen: '2020-01-01', updatedAt: '2020-01-01' },
    ]);
  });

  test('UT-15 a phone that another user has is derived for the higher id, and told', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 20));
    await town.source.query(`UPDATE users SET phone = '(555) 01' WHERE id IN ('${idOf(3)}', '${idOf(5)}')`);
    await town.chat.query(
      `INSERT INTO users (id, name, phone) VALUES ('${idOf(900)}', 'of the chat', '994501000007'), ('${idOf(901)}', 'too', '${derivedPhones(idOf(7))[0]}')`,
    );
    await using service = await town.start();
    const phones = () => town.phonesOf([3, 5, 7].map(idOf));
    expect(await phones()).toEqual(['55501', derivedPhones(idOf(5))[0], derivedPhones(idOf(7))[1]]);
    expect(await town.verify()).toMatchObject({ consistent: true });
    const open = async () =>
      (await town.errors())
        .filter(({ resolved }) => !resolved)
        .map(({ error_type, user_id }) => [error_type, user_id]);
    await eventually('both are told', async () => (await open()).length === 2);
    expect((await open()).toSorted()).toEqual([
      ['UPSERT_USER_FAILED', idOf(5)],
      ['UPSERT_USER_FAILED', idOf(7)],
    ]);
    expect(service.logged('digits were derived')).toHaveLength(2);
    await town.source.query(`UPDATE users SET phone = '777' WHERE id = '${idOf(3)}'`);
    await eventually('the phone is given back', async () => (await phones())[1] === '55501');
    await eventually('which is told', async () => (await open()).length === 1);
  });

  test('UT-16 a deleted user who is made again with the same e-mail is a new user', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 200));
    await using _service = await town.start();
    await town.source.query(`DELETE FROM users WHERE id = '${idOf(4)}'`);
    await town.source.query(
      `INSERT INTO users (id, first_name, email, email_verified, phone, status) VALUES ('${idOf(5000)}', 'Again', 'user4@example.com', true, '+994 50 1000004', 'active')`,
    );
    await nameIs(town, idOf(5000), 'Again');
    await eventually('the former is deactivated', () => deactivated(town, idOf(4)));
    expect(await town.chatUser(idOf(5000))).toMatchObject({ email: 'user4@example.com' });
    expect((await town.chatUser(idOf(5000)))?.metaData?.['deactivatedAt']).toBeUndefined();
    // The former keeps the phone with the row.
    expect(await town.phonesOf([4, 5000].map(idOf))).toEqual(['994501000004', derivedPhones(idOf(5000))[0]]);
    await eventually('which is told', async () =>
      (await town.errors()).some(
        ({ error_type, user_id, resolved }) =>
          error_type === 'UPSERT_USER_FAILED' && user_id === idOf(5000) && !resolved,
      ),
    );
    await eventually('both sides agree', async () => (await town.verify()).consistent);
  });
});
