import { describe, expect, test } from 'vitest';
import { people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { eventually } from '../support/eventually.ts';
import { openTown, type Town } from './support/town.ts';

/** Commands that need a configuration file. */
const theirs = /lockstep (?!user-table)[a-z-]+/;

/** The same command for people and with --json: what it shows, all of it. */
async function shownBy(town: Town, args: readonly string[]): Promise<readonly string[]> {
  const [forPeople, forPrograms] = [await town.commandForPeople(args), await town.command(args)];
  return [forPeople, forPrograms].map(({ stdout, stderr }) => `${stdout}\n${stderr}`);
}

async function expectShown(town: Town, args: readonly string[], says: string): Promise<void> {
  for (const shown of await shownBy(town, args)) {
    expect(shown).toContain(says);
    expect(shown).not.toMatch(theirs);
  }
}

describe('the recipe’s own words', { timeout: 90_000 }, () => {
  test('UT-59 an error that tells what to do names commands of the recipe', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    await town.chat.query(`ALTER TYPE enum_users_role RENAME VALUE 'usta' TO 'craftsman'`);
    const again = '`lockstep user-table check` shows them again';
    for (const command of ['check', 'verify', 'sync-all', 'bulk']) await expectShown(town, [command], again);
    await town.chat.query('ALTER TABLE users RENAME TO elsewhere');
    await expectShown(town, ['verify'], again);
  });

  test('UT-59 so does what is refused because it is paused', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    await town.command(['pause']);
    await expectShown(town, ['bulk'], 'Run `lockstep user-table resume`');
    await expectShown(town, ['status'], 'lockstep user-table resume');
  });

  test('UT-59 so do the findings of check, and the log of a service that can’t start', async () => {
    await using town = await openTown();
    await town.source.query(people(1, 5));
    await town.chat.query(
      'ALTER TABLE messages DROP CONSTRAINT "messages_senderId_fkey"; ALTER TABLE conversation_participants DROP CONSTRAINT "conversation_participants_userId_fkey"; ALTER TABLE device_tokens DROP CONSTRAINT "device_tokens_userId_fkey"; ALTER TABLE users DROP CONSTRAINT users_pkey',
    );
    for (const shown of await shownBy(town, ['check'])) {
      expect(shown).toMatch(/error/);
      expect(shown).not.toMatch(theirs);
    }
    await using service = await town.begin('setup');
    await eventually('it says what to do', () => service.child.stdout.includes('lockstep user-table check'));
    await service.stop();
    expect(service.child.stdout).not.toMatch(theirs);
  });
});
