import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { keyIdOf, keyOf, newKey, putSealed, sealedWith } from '../service/secrets/fixture.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep } from './lockstep.ts';

// Each command is a process of its own.
vi.setConfig({ testTimeout: 120_000 });

const config = `
import { defineConfig } from 'lockstep';
const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
export default defineConfig({ pipelines: { shop: { mode: 'live', source: side, destination: side, collections: ['orders'] } } });
`;

const openDirectory = (): Promise<TemporaryDirectory> => temporaryDirectory({ 'lockstep.config.ts': config });
const storeOf = (directory: TemporaryDirectory) =>
  openSqliteStore({ path: join(directory.path, '.lockstep', 'lockstep.db') });

async function secrets(directory: TemporaryDirectory, keys: readonly string[], ...args: readonly string[]) {
  const result = await lockstep(['secrets', ...args], {
    cwd: directory.path,
    env: { LOCKSTEP_KEYS: keys.join('\n') },
  });
  for (const key of keys) expect(result.stdout + result.stderr).not.toContain(key);
  return result;
}

test('a key is generated without any configuration, and is one', async () => {
  await using directory = await temporaryDirectory();
  const text = await lockstep(['secrets', 'generate'], { cwd: directory.path });
  expect([text.code, text.stderr]).toEqual([0, '']);
  expect(() => keyOf(text.stdout.trim())).not.toThrow();
  const json = answerOf(await lockstep(['secrets', 'generate', '--json'], { cwd: directory.path }));
  const { result } = Object(json);
  expect(json).toEqual({
    ok: true,
    command: 'secrets',
    result: { key: result.key, id: keyIdOf(result.key) },
  });
  expect(result.key).not.toBe(text.stdout.trim());
});

test('list, verify and rotate, for people and as JSON', async () => {
  await using directory = await openDirectory();
  await using store = await storeOf(directory);
  const [newest, former, gone] = [newKey(), newKey(), newKey()];
  const keys = [newest, former];
  await putSealed(store, { a: sealedWith(former, 'a'), b: sealedWith(gone, 'b') });
  const list = await secrets(directory, keys);
  expect([list.code, list.stdout.replaceAll(/ +/g, ' ')]).toEqual([
    0,
    [
      'key role sealed',
      `${keyIdOf(newest)} seals and opens nothing`,
      `${keyIdOf(former)} opens shop: 1 letter`,
      `${keyIdOf(gone)} not configured shop: 1 letter`,
      '',
      'variable or file found used for',
      'LOCKSTEP_KEYS in the environment store.key',
      'LOCKSTEP_TOKEN no the token of HTTP',
      'LOCKSTEP_READ_TOKEN no the token of HTTP for reading',
      '',
    ].join('\n'),
  ]);
  const verify = await secrets(directory, keys, 'verify', '--json');
  expect([verify.code, answerOf(verify)]).toMatchObject([
    2,
    { ok: false, command: 'secrets', result: { opened: 1, unopened: 1 } },
  ]);
  const rotate = await secrets(directory, keys, 'rotate');
  expect(rotate.code).toBe(2);
  expect(rotate.stdout).toMatch(
    new RegExp(
      `^1 value sealed anew with key ${keyIdOf(newest)}; 0 had been\n1 sealed value can’t be opened:\n {2}shop, letter \\d+: its key is not configured \\(key ${keyIdOf(gone)}\\)\n$`,
    ),
  );
  const again = await secrets(directory, [newest, gone], 'rotate', '--json');
  expect([again.code, answerOf(again)]).toMatchObject([0, { ok: true, result: { resealed: 1, current: 1 } }]);
  const verified = await secrets(directory, [newest], 'verify');
  expect([verified.code, verified.stdout]).toEqual([0, '2 sealed values can be opened\n']);
});

test('a file is named where a value was found in it', async () => {
  await using directory = await openDirectory();
  const file = await directory.write('sealing-keys', newKey());
  const { stdout } = await lockstep(['secrets'], { cwd: directory.path, env: { LOCKSTEP_KEYS_FILE: file } });
  expect(stdout).toContain(`in ${file} (named in the environment)`);
});

test('what is wrong with keys is told by its place, and keys are not shown', async () => {
  await using directory = await openDirectory();
  const wrong = await secrets(directory, [newKey(), 'planted-canary'], 'list');
  expect(wrong.code).toBe(3);
  expect(wrong.stderr).toMatch(/ {2}LOCKSTEP_KEYS: key 2 must be 32 bytes as base64 or hex/);
  const unreadable = await lockstep(['secrets'], {
    cwd: directory.path,
    env: { LOCKSTEP_KEYS_FILE: '/nowhere' },
  });
  // Somebody may have put the key there itself.
  expect(unreadable.stderr).toMatch(
    /LOCKSTEP_KEYS_FILE could not be read: \[secret\]: there is no such file/,
  );
  const missing = await secrets(directory, [], 'rotate', '--json');
  expect([missing.code, answerOf(missing)]).toMatchObject([3, { error: { code: 'keys-missing' } }]);
  const usage = await secrets(directory, [], 'rotat');
  expect([usage.code, usage.stderr]).toEqual([3, expect.stringMatching(/did you mean rotate\?/)]);
});

/** A letter's row, or why it is not shown, as the command line has it. */
async function shown(directory: TemporaryDirectory, keys: readonly string[]): Promise<unknown> {
  const env = keys.length === 0 ? {} : { LOCKSTEP_KEYS: keys.join('\n') };
  const result = await lockstep(['dead-letters', 'shop', 'show', '1', '--json'], {
    cwd: directory.path,
    env,
  });
  expect(result.code).toBe(0);
  const { row, withheld }: { row: unknown; withheld: unknown } = Object(answerOf(result)).result;
  return { row, withheld };
}

test('rotated twice: each former key may go once all is sealed anew, and the row is the same', async () => {
  await using directory = await openDirectory();
  await using store = await storeOf(directory);
  const [first, second, third] = [newKey(), newKey(), newKey()];
  await putSealed(store, { a: sealedWith(first, 'a') });
  const before = await shown(directory, [first]);
  expect(before).toMatchObject({ row: expect.anything(), withheld: null });
  expect((await secrets(directory, [second, first], 'rotate')).code).toBe(0);
  expect(await shown(directory, [second])).toEqual(before);
  expect((await secrets(directory, [third, second], 'rotate')).code).toBe(0);
  expect(await shown(directory, [third])).toEqual(before);
  for (const gone of [first, second])
    expect(await shown(directory, [gone])).toMatchObject({
      row: null,
      withheld: expect.stringMatching(/^letter-key-unknown/),
    });
  expect((await secrets(directory, [third], 'verify')).code).toBe(0);
});

test('a key that is missing or wrong withholds the row and says which is wanted; the letter stays, and is opened once it is back', async () => {
  await using directory = await openDirectory();
  await using store = await storeOf(directory);
  const [right, wrong] = [newKey(), newKey()];
  await putSealed(store, { a: sealedWith(right, 'a') });
  const wanted = expect.stringMatching(new RegExp(`^letter-key-unknown.*${keyIdOf(right)}`));
  expect(await shown(directory, [])).toMatchObject({ row: null, withheld: wanted });
  expect(await shown(directory, [wrong])).toMatchObject({ row: null, withheld: wanted });
  const verify = await secrets(directory, [wrong], 'verify', '--json');
  expect([verify.code, answerOf(verify)]).toMatchObject([
    2,
    { result: { opened: 0, unopened: 1, samples: [{ reason: 'key-unknown', keyId: keyIdOf(right) }] } },
  ]);
  expect((await secrets(directory, [wrong], 'rotate')).code).toBe(2);
  expect(await shown(directory, [wrong, right])).toMatchObject({ row: expect.anything(), withheld: null });
});

test('a file that the configuration names is listed, and nothing of what it holds', async () => {
  await using directory = await openDirectory();
  const secret = 'postgres://app:planted-canary@127.0.0.1:1/shop';
  const path = await directory.write('url', `${secret}\n`);
  await directory.write(
    'lockstep.config.ts',
    `import { defineConfig, file } from 'lockstep';
    const side = { connector: 'postgres', url: file('url') } as const;
    export default defineConfig({ pipelines: { shop: { source: side, destination: side, collections: ['orders'] } } });`,
  );
  const listed = await secrets(directory, []);
  expect([listed.code, listed.stdout]).toEqual([
    0,
    expect.stringMatching(/url +in .*url \(named in the configuration\) +pipelines\.shop\.source\.url/),
  ]);
  expect(listed.stdout).toContain(path);
  expect(listed.stdout + listed.stderr).not.toContain('planted-canary');
});
