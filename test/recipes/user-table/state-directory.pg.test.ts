import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { derivedPhones } from '../../../src/recipes/user-table/mapping/phones.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

describe('the state directory', { timeout: 120_000 }, () => {
  test('UT-40 when it is lost a pause is over, who fails and who waits for a phone is found again, and no user is lost', async () => {
    await using town = await openTown();
    const state = join(town.directory, '.lockstep', 'user-table');
    await town.source.query(people(1, 100));
    await town.source.query(
      `UPDATE users SET phone = '777' WHERE id IN ('${idOf(3)}', '${idOf(5)}'); UPDATE users SET first_name = 'Bad' WHERE id = '${idOf(6)}'`,
    );
    await town.chat.query(`ALTER TABLE users ADD CONSTRAINT no_name CHECK (name <> 'Bad Last6')`);
    const letters = async (): Promise<readonly string[]> => {
      const { answer } = await town.command(['letters']);
      return (answer.result as { readonly letters: readonly { readonly key: string }[] }).letters.map(
        ({ key }) => key,
      );
    };
    {
      await using service = await town.begin('setup');
      await eventually('all are there but one', async () => (await town.chatUsers()).length === 99);
      await eventually('whose letter waits', async () => (await letters()).length === 1);
      await town.command(['pause']);
      await eventually('it is paused', () => service.logged('Status: paused').length > 0);
      await town.source.query(
        `UPDATE users SET first_name = 'Paused' WHERE id = '${idOf(1)}'; DELETE FROM users WHERE id = '${idOf(2)}'; ${people(101, 101)}`,
      );
      await service.stop();
    }
    expect(existsSync(join(state, 'lockstep.db'))).toBe(true);
    await rm(state, { recursive: true });
    await town.source.query(
      `UPDATE users SET first_name = 'Lost' WHERE id = '${idOf(4)}'; DELETE FROM users WHERE id = '${idOf(7)}'; ${people(102, 102)}`,
    );
    await using service = await town.begin();
    const nameOf = async (id: number) => (await town.chatUser(idOf(id)))?.name;
    const isDeactivated = async (id: number) =>
      (await town.chatUser(idOf(id)))?.metaData?.['deactivatedAt'] !== undefined;
    await eventually('what changed while it was paused', async () => (await nameOf(1)) === 'Paused Last1');
    await eventually('what changed since', async () => (await nameOf(4)) === 'Lost Last4');
    await eventually('who came', async () => {
      const found = [await town.chatUser(idOf(101)), await town.chatUser(idOf(102))];
      return found.every((user) => user !== undefined);
    });
    await eventually('who went', async () => (await isDeactivated(2)) && (await isDeactivated(7)));
    await eventually('who fails is known again', async () => (await letters()).join() === `["${idOf(6)}"]`);
    expect(await town.phonesOf([3, 5].map(idOf))).toEqual(['777', derivedPhones(idOf(5))[0]]);
    await town.source.query(`UPDATE users SET phone = '888' WHERE id = '${idOf(3)}'`);
    await eventually(
      'who waited for the phone has it',
      async () => (await town.phonesOf([3, 5].map(idOf))).join() === '888,777',
    );
    await town.source.query(`UPDATE users SET first_name = 'Good' WHERE id = '${idOf(6)}'`);
    await eventually('both sides agree', async () => (await town.verify()).consistent);
    await service.healthy();
  });

  test('UT-32 what does not fit into it is said in the log while the chat is away, and again when the service is stopped', async () => {
    await using town = await openTown({ ports: { chat: 1 } });
    const state = join(town.directory, '.lockstep', 'user-table');
    await mkdir(state, { recursive: true });
    // What a process that is gone was sending comes first, so what waits stays as large as it is.
    const { pid } = spawnSync(process.execPath, ['--version']);
    await writeFile(
      join(state, `sync-errors.1.${pid}.sending`),
      '{"kind":"resolved","types":[],"userIds":null}\n',
    );
    await writeFile(join(state, 'sync-errors.jsonl'), ' '.repeat(16 * 1024 * 1024 + 1));
    await using service = await town.begin();
    const told = () => service.logged('Some errors did not fit on this disk');
    await eventually('it is told', () => told().length > 0);
    expect(told()).toMatchObject([{ level: 'WARNING', dropped: expect.any(Number) }]);
    const failures = () => service.logged(/^Attempt \d+ to reach both databases failed/).length;
    const before = failures();
    await eventually('more fail', () => failures() >= before + 2);
    await service.stop();
    expect(told()).toHaveLength(2);
    const dropped = told().reduce((sum, line) => sum + Number(line['dropped']), 0);
    expect(dropped).toBeGreaterThanOrEqual(failures());
  });

  test('UT-24 two services with one CONTROL_STORE_URL and nothing else in common: one stands by, and takes over within ten seconds', async () => {
    await using town = await openTown();
    await using store = await createTestDatabase();
    await town.source.query(people(1, 50));
    const shared = { CONTROL_STORE_URL: store.url };
    await using first = await town.start('setup', { ...shared, STATE_DIRECTORY: 'first' });
    await using second = await town.begin('start', { ...shared, STATE_DIRECTORY: 'second' });
    await eventually('it stands by', () => second.logged('Status: standby').length > 0);
    for (const directory of ['first', 'second'])
      expect(existsSync(join(town.directory, directory, 'lockstep.db'))).toBe(false);
    const lease = async () => {
      const { rows } = await store.query<{ owner: string; lasts: number; endsAt: number }>(
        `SELECT owner, duration_ms::float8 AS lasts, expires_at_ms::float8 AS "endsAt" FROM lockstep_control.leases WHERE pipeline = 'users'`,
      );
      return rows[0];
    };
    await first.child.kill();
    const left = await lease();
    await eventually('it has taken over', () => second.logged('Status: live').length > 0);
    expect((await lease())?.owner).not.toBe(left?.owner);
    const statuses = second.logged(/^Status: /);
    const standby = statuses.findIndex(({ message }) => message === 'Status: standby');
    const beganAt = Date.parse(statuses[standby + 1]?.timestamp ?? '');
    // Half of the time is the lease's, which nobody shortens; the rest is more than enough for whoever asks for it again and again. The
    // store's clock is this machine's.
    expect(left?.lasts).toBeLessThanOrEqual(5_000);
    expect(beganAt).toBeGreaterThan(left?.endsAt ?? Number.POSITIVE_INFINITY);
    expect(beganAt).toBeLessThan((left?.endsAt ?? 0) + 5_000);
    await town.source.query(`UPDATE users SET first_name = 'Taken' WHERE id = '${idOf(3)}'`);
    await eventually('it works', async () => (await town.chatUser(idOf(3)))?.name === 'Taken Last3');
    expect((await town.command(['status'], { ...shared, STATE_DIRECTORY: 'third' })).answer).toMatchObject({
      ok: true,
    });
  });
});
