import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { idOf, people } from '../../../src/recipes/user-table/demo/schemas.sql.ts';
import { hasPasswordExpression } from '../../../src/recipes/user-table/mapping/chat-user.ts';
import { type Direction, startFaultProxy, type Tap } from '../../support/fault-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { openTown } from './support/town.ts';

const hash = /hash of \d/;

/** Of the table, as the log of changes keeps it to see that it has changed. */
const shape = '8:password character varying(255)';

/** All that has passed through a proxy, connection by connection. */
class Recording {
  readonly #pieces: Readonly<Record<Direction, Map<unknown, Buffer[]>>> = {
    toTarget: new Map(),
    toClient: new Map(),
  };

  readonly tap: Tap = ({ direction, bytes, link }) => {
    const pieces = this.#pieces[direction].get(link) ?? [];
    this.#pieces[direction].set(link, pieces);
    pieces.push(Buffer.from(bytes));
  };

  /** Bytes as characters: texts of rows are in it as they are, whatever the format. */
  of(direction: Direction): string {
    return [...this.#pieces[direction].values()]
      .map((pieces) => Buffer.concat(pieces).toString('latin1'))
      .join('\n');
  }
}

test('UT-10 in a whole life of the service no byte of a password hash comes from the marketplace’s server', {
  timeout: 120_000,
}, async () => {
  await using town = await openTown();
  const recording = new Recording();
  await using proxy = await startFaultProxy(town.source.url, recording);
  const through = { SOURCE_DB_PORT: String(proxy.port), LOG_LEVEL: 'DEBUG' };
  await town.source.query(people(1, 200));
  await town.source.query(`UPDATE users SET password = NULL WHERE id = '${idOf(1)}'`);
  let said = '';
  const run = async (...args: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await town.command(args, through);
    expect(code, `${args.join(' ')}: ${stderr}`).toBe(0);
    said += stdout + stderr;
  };
  await run('check');
  await run('bulk', '50');
  for (const command of ['setup', 'realtime'] as const) {
    await using service = await town.start(command, through);
    await town.source.query(
      `UPDATE users SET password = 'hash of 9${command}', first_name = '${command}' WHERE id = '${idOf(2)}'; DELETE FROM users WHERE password = 'hash of ${command === 'setup' ? 3 : 4}'`,
    );
    await eventually('a change', async () => (await town.chatUser(idOf(2)))?.name === `${command} Last2`);
    if (command === 'setup') {
      await town.chat.query(`UPDATE users SET name = 'meddled' WHERE id = '${idOf(5)}'`);
      await eventually('a pass', async () => (await town.chatUser(idOf(5)))?.name === 'First5 Last5');
      await run('sync-all');
    }
    said += (await service.stop()).stdout;
  }
  await town.chat.query(`UPDATE users SET name = 'meddled' WHERE id = '${idOf(6)}'`);
  await run('verify', '--repair');
  await run('status');
  const { rows: logged } = await town.source.query('SELECT FROM lockstep.log_users l WHERE l::text LIKE $1', [
    '%hash of%',
  ]);
  expect(logged).toEqual([]);
  await run('remove');
  const received = recording.of('toClient').replaceAll(town.source.name, '');
  // It sees rows, so it would see a hash.
  for (const id of [2, 6, 200]) expect(received.includes(`https://cdn.example.com/${id}.png`)).toBe(true);
  expect(received.match(/.{0,80}hash of \d.{0,80}/g)).toBeNull();
  const asked = recording.of('toTarget').replaceAll(town.source.name, '');
  expect(asked.includes(hasPasswordExpression)).toBe(true);
  // Where the column is named at all, it is asked whether it is empty, or kept in mind that it is there.
  const others = asked.replaceAll(hasPasswordExpression, '').replaceAll(shape, '');
  expect(others.match(/.{0,80}password.{0,80}/gi)).toBeNull();
  const users = await town.chatUsers();
  expect(users.map(({ metaData }) => metaData?.['hasPassword'])).toEqual(
    users.map(({ id }) => id !== idOf(1)),
  );
  const state = join(town.directory, '.lockstep', 'user-table');
  const kept = readdirSync(state).map((name) => readFileSync(join(state, name), 'latin1'));
  expect(kept.length).toBeGreaterThan(0);
  for (const text of [JSON.stringify(users), JSON.stringify(await town.errors()), said, ...kept])
    expect(text).not.toMatch(hash);
});
