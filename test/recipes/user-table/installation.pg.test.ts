import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { rightsOnPage, withNames } from './support/rights-on-page.ts';
import { openTown, type Town } from './support/town.ts';

interface Roles {
  /** Of the application of the marketplace. */
  readonly owner: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Roles that may log in and nothing else but what the page grants them; without one of its statements where one is named. */
async function makeRoles(
  { source, chat }: Town,
  without: Partial<Record<Side, string>> = {},
): Promise<Roles> {
  const owner = await source.createRole();
  const [marketplaceRole, chatRole] = [await source.createRole(), await chat.createRole()];
  await source.query(`ALTER TABLE users OWNER TO "${owner}"`);
  const names = { owner_of_users: owner, myusta_backend: source.name, myusta_chatapp: chat.name };
  for (const statement of rightsOnPage.marketplace)
    if (statement !== without.marketplace)
      await source.query(withNames(statement, { ...names, user_sync: marketplaceRole }));
  for (const statement of rightsOnPage.chat)
    if (statement !== without.chat) await chat.query(withNames(statement, { ...names, user_sync: chatRole }));
  return { owner, env: { SOURCE_DB_USER: marketplaceRole, CHAT_DB_USER: chatRole } };
}

type Side = keyof typeof rightsOnPage;
const sides: readonly Side[] = ['marketplace', 'chat'];

describe('installation', { timeout: 180_000 }, () => {
  test('UT-17 the rights of the operator’s page are enough from check to remove', async () => {
    expect([rightsOnPage.marketplace.length, rightsOnPage.chat.length]).toEqual([3, 3]);
    await using town = await openTown();
    await town.source.query(people(1, 50));
    const { owner, env } = await makeRoles(town);
    const application = await town.source.connect({ connectionString: town.source.urlFor({ user: owner }) });
    const rename = (id: number, first: string) =>
      application.query(`UPDATE users SET first_name = '${first}' WHERE id = '${idOf(id)}'`);
    const nameOf = async (id: number) => (await town.chatUser(idOf(id)))?.name;
    expect(await town.command(['check'], env)).toMatchObject({ code: 0, answer: { ok: true } });
    {
      await using service = await town.start('setup', env);
      expect(await town.chatUsers()).toHaveLength(50);
      await rename(1, 'Set');
      await eventually('a change arrives', async () => (await nameOf(1)) === 'Set Last1');
      expect((await service.stop()).code).toBe(0);
    }
    await rename(2, 'Meanwhile');
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last4')`);
    {
      await using service = await town.start('start', env);
      await eventually('what changed meanwhile arrives', async () => (await nameOf(2)) === 'Meanwhile Last2');
      await rename(3, 'Started');
      await rename(4, 'Bad');
      await eventually('a change arrives', async () => (await nameOf(3)) === 'Started Last3');
      await eventually('who fails is a row', async () =>
        (await town.errors()).some(({ user_id }) => user_id === idOf(4)),
      );
      await rename(4, 'Good');
      await application.query(`DELETE FROM users WHERE id = '${idOf(5)}'`);
      await eventually(
        'who is gone is deactivated',
        async () => (await town.chatUser(idOf(5)))?.metaData?.['deactivatedAt'] !== undefined,
      );
      await eventually('who failed is there', async () => (await nameOf(4)) === 'Good Last4');
      await eventually('a pass goes by', () => service.logged('Scheduled sync completed').length > 1);
      expect((await service.stop()).code).toBe(0);
    }
    expect(await town.command(['verify'], env)).toMatchObject({
      code: 0,
      answer: { result: { consistent: true, sourceCount: 49, chatCount: 49 } },
    });
    expect(await town.command(['remove'], env)).toMatchObject({ code: 0, answer: { ok: true } });
    for (const database of [town.source, town.chat])
      expect((await database.query(`SELECT FROM pg_namespace WHERE nspname = 'lockstep'`)).rowCount).toBe(0);
    const { rows: triggers } = await town.source.query(
      `SELECT tgname FROM pg_trigger WHERE tgrelid = 'users'::regclass AND NOT tgisinternal`,
    );
    expect(triggers).toEqual([]);
    const { rows: index } = await town.source.query(
      `SELECT FROM pg_class WHERE relname = 'idx_users_status_updated'`,
    );
    expect(index).toEqual([]);
    expect(await town.chatUsers()).toHaveLength(50);
    await rename(6, 'Alone');
  });

  test.each(sides.flatMap((side) => rightsOnPage[side].map((statement) => [side, statement] as const)))(
    'UT-17 at the %s `%s` is needed, and check says so',
    async (side, statement) => {
      await using town = await openTown();
      await town.source.query(people(1, 5));
      const { env } = await makeRoles(town, { [side]: statement });
      const { code, answer } = await town.command(['check'], env);
      // Whoever has made the index by hand, or does without it, starts all the same.
      const isForIndex = side === 'marketplace' && statement.includes('CREATE ON SCHEMA public');
      expect(code).toBe(isForIndex ? 0 : 3);
      expect(answer).toMatchObject({
        ok: isForIndex,
        result: {
          findings: expect.arrayContaining([
            expect.objectContaining({
              level: isForIndex ? 'warning' : 'error',
              code: 'permission-denied',
              subject: expect.stringMatching(
                side === 'marketplace' ? /source|^public/ : /destination|^public/,
              ),
              cure: expect.stringMatching(/^(GRANT|CREATE SCHEMA) /),
            }),
          ]),
        },
      });
    },
  );
});
