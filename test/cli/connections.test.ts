import { expect, test, vi } from 'vitest';
import { keyIdOf, newKey } from '../service/secrets/fixture.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep, startLockstep } from './lockstep.ts';

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

const config = `
import { defineConfig, stored } from 'lockstep';
const source = { connector: 'postgres', url: stored('shop') } as const;
export default defineConfig({ pipelines: { shop: { source, destination: { ...source, schema: 'copy' }, collections: ['orders'] } } });
`;
const openDirectory = (): Promise<TemporaryDirectory> => temporaryDirectory({ 'lockstep.config.ts': config });

const password = 'planted-canary';
const url = `postgres://app:${password}@127.0.0.1:1/shop`;
const address = 'postgres://app@127.0.0.1:1/shop';
const key = newKey();

async function connections(directory: TemporaryDirectory, args: readonly string[], stdin = '') {
  const options = { cwd: directory.path, env: { LOCKSTEP_KEYS: key, SHOP_PLACE: url } };
  await using child = startLockstep(['connections', ...args], options);
  child.write(stdin);
  child.endInput();
  const result = await child.ended;
  for (const secret of [key, password]) expect(result.stdout + result.stderr).not.toContain(secret);
  return result;
}

test('set takes a URL from stdin, a variable or a file, and list shows where it leads', async () => {
  await using directory = await openDirectory();
  const set = await connections(directory, ['set', 'shop'], `${url}\n`);
  expect([set.code, set.stdout]).toEqual([
    0,
    `shop: ${address}, sealed with key ${keyIdOf(key)}\nIn a configuration: url: stored('shop')\n`,
  ]);
  const again = await connections(directory, ['set', 'shop', '--from-env', 'SHOP_PLACE', '--json']);
  expect([again.code, answerOf(again)]).toMatchObject([0, { ok: true, result: { address, replaced: true } }]);
  await directory.write('crm-url', `${url}\n`);
  expect((await connections(directory, ['set', 'crm', '--from-file', 'crm-url'])).code).toBe(0);
  const list = await connections(directory, []);
  expect(list.stdout.split('\n').map((line) => line.split(/ {2,}/))).toMatchObject([
    ['name', 'connector', 'address', 'key', 'stored', 'used by'],
    ['crm', 'postgres', address, keyIdOf(key), expect.stringMatching(/^20.*UTC$/), 'nobody'],
    ['shop', 'postgres', address, keyIdOf(key), expect.stringMatching(/^20.*UTC$/), 'shop'],
    [''],
  ]);
  const secrets = await lockstep(['secrets'], { cwd: directory.path, env: { LOCKSTEP_KEYS: key } });
  expect(secrets.stdout).toContain('connection crm, connection shop');
});

test('check names one that is missing, and set mends it', async () => {
  await using directory = await openDirectory();
  const run = (...args: readonly string[]) =>
    lockstep(args, { cwd: directory.path, env: { LOCKSTEP_KEYS: key } });
  const missing = await run('check');
  expect(missing.code).toBe(3);
  expect(missing.stderr).toMatch(/pipelines\.shop\.source\.url: The control store has no connection shop/);
  expect(missing.stderr).toMatch(/lockstep connections set shop/);
  expect((await connections(directory, ['set', 'shop'], url)).code).toBe(0);
  const mended = await run('check');
  expect([mended.code, mended.stderr]).toEqual([4, expect.stringContaining('127.0.0.1:1')]);
  expect(mended.stdout + mended.stderr).not.toContain(password);
});

test('one that is used stays, one that is not goes; a test that fails has the exit code of its cause', async () => {
  await using directory = await openDirectory();
  for (const name of ['shop', 'crm']) await connections(directory, ['set', name], url);
  const used = await connections(directory, ['remove', 'shop', '--json']);
  expect([used.code, answerOf(used)]).toMatchObject([3, { ok: false, error: { code: 'connection-used' } }]);
  expect((await connections(directory, ['remove', 'crm'])).stdout).toBe('crm: removed\n');
  expect((await connections(directory, ['test', 'shop'])).code).toBe(4);
  expect((await connections(directory, ['test', 'crm'])).code).toBe(3);
});

test('a URL is no argument, and what was given as one is not repeated', async () => {
  await using directory = await openDirectory();
  const given = await connections(directory, ['set', 'shop', url]);
  expect([given.code, given.stderr]).toEqual([
    3,
    expect.stringMatching(/set takes one name and nothing more/),
  ]);
  for (const [args, what] of [
    [['set', url], /can’t be called so: its name must be/],
    [['set'], /set needs the connection’s name/],
    [['set', 'shop', '--from-env', 'NOT_THERE'], /nothing where the URL should be/],
    [['set', 'shop', '--from-file', 'not-there'], /the file could not be read/],
    [['set', 'shop'], /nothing where the URL should be/],
    [['list', 'shop'], /list takes no name/],
    [['lits'], /did you mean list\?/],
  ] as const) {
    const result = await connections(directory, args);
    expect([result.code, result.stderr], args.join(' ')).toEqual([3, expect.stringMatching(what)]);
  }
});
