import { describe, expect, test } from 'vitest';
import { chat, currentChat, idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { startPostgres } from '../../../tools/servers/postgres.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { rightsOnPage, withNames } from './support/rights-on-page.ts';
import { openTown } from './support/town.ts';

describe('load', { timeout: 90_000 }, () => {
  test('UT-55 above 80 % of the chat server’s connections it warns and slows down, stays healthy, until they are free again', async () => {
    await using server = await startPostgres({ version: 18, settings: { max_connections: '60' } });
    const name = await server.createDatabase();
    const there = await server.connect(name);
    await there.query(chat(currentChat));
    // Who is no superuser sees that others have sessions, and not what they do.
    const role = await server.createRole();
    for (const statement of rightsOnPage.chat)
      await there.query(withNames(statement, { user_sync: role, myusta_chatapp: name }));
    await using town = await openTown({
      env: {
        CHAT_DB_PORT: String(server.port),
        CHAT_DB_NAME: name,
        CHAT_DB_USER: role,
        SYNC_INTERVAL_SECONDS: '60',
      },
    });
    await town.source.query(people(1, 50));
    await using service = await town.start();
    const busy = () => service.logged('The chat database is above 80 %');
    expect(busy()).toEqual([]);
    const others = await Promise.all(Array.from({ length: 46 }, () => server.connect(name)));
    await eventually('it warns', () => busy().length > 0);
    expect(busy()[0]).toMatchObject({ level: 'WARNING' });
    expect(busy()[0]?.['share']).toBeLessThan(1);
    await eventually(
      'it is slow, and not stuck',
      async () => (await service.stats()).pipeline?.status === 'degraded',
    );
    expect(await service.get('/health')).toMatchObject({ code: 200 });
    expect(await service.stats()).toMatchObject({ isRealTimeActive: true });
    await town.source.query(`UPDATE users SET first_name = 'Slow' WHERE id = '${idOf(1)}'`);
    await eventually('it goes on', async () => {
      const { rows } = await there.query(`SELECT FROM users WHERE name = 'Slow Last1'`);
      return rows.length === 1;
    });
    await Promise.all(others.map((other) => other[Symbol.asyncDispose]()));
    await eventually('it is over', () => service.logged('The chat database is not busy any more').length > 0);
    await there[Symbol.asyncDispose]();
  });

  test('UT-56 after MAX_CONSECUTIVE_FAILURES nothing is tried for a while, and then again', async () => {
    await using town = await openTown();
    await using proxy = await startFaultProxy(town.chat.url);
    await town.source.query(people(1, 20));
    await using service = await town.start('start', {
      CHAT_DB_PORT: String(proxy.port),
      MAX_CONSECUTIVE_FAILURES: '2',
    });
    await proxy.refuse();
    proxy.reset();
    await town.source.query(`UPDATE users SET first_name = 'Away' WHERE id = '${idOf(1)}'`);
    await eventually('it stops', () => service.logged('nothing is tried for a while').length > 0);
    const [stopped] = service.logged('nothing is tried for a while');
    expect(stopped).toMatchObject({ level: 'ERROR', pauseMs: 5_000 });
    await proxy.heal();
    await eventually('nothing is lost', async () => (await town.chatUser(idOf(1)))?.name === 'Away Last1');
    await eventually('it says so', () => service.logged('It is tried again').length > 0);
    const [again] = service.logged('It is tried again');
    expect(Date.parse(again?.timestamp ?? '') - Date.parse(stopped?.timestamp ?? '')).toBeGreaterThan(2_500);
  });
});
