import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLockstep, env, file } from '../../../src/index.ts';
import { keyIdOf, newKey, openSecretsUnderTest, putSealed, rowOf, sealedWith } from './fixture.ts';

test('keys are listed with what each has sealed in each pipeline, also of pipelines and keys that are gone', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former, gone] = [newKey(), newKey(), newKey()];
  await putSealed(under.store, {
    a: sealedWith(newest, 'a'),
    b: sealedWith(newest, 'b'),
    c: sealedWith(former, 'c'),
    d: null,
    e: new Uint8Array([9]),
  });
  await putSealed(under.store, { x: sealedWith(gone, 'x', 'crm') }, 'crm');
  const engine = await under.engine(newest, former);
  expect((await engine.secrets.list()).keys).toEqual([
    {
      id: keyIdOf(newest),
      writes: true,
      configured: true,
      sealed: [{ pipeline: 'shop', letters: 2 }],
      connections: [],
    },
    {
      id: keyIdOf(former),
      writes: false,
      configured: true,
      sealed: [{ pipeline: 'shop', letters: 1 }],
      connections: [],
    },
    ...[
      {
        id: keyIdOf(gone),
        writes: false,
        configured: false,
        sealed: [{ pipeline: 'crm', letters: 1 }],
        connections: [],
      },
      {
        id: 'none',
        writes: false,
        configured: false,
        sealed: [{ pipeline: 'shop', letters: 1 }],
        connections: [],
      },
    ].sort((left, right) => (left.id < right.id ? -1 : 1)),
  ]);
});

test('what refers to the environment is listed by name, with where it was found and never with its value', async () => {
  await using under = await openSecretsUnderTest();
  const secret = 'planted-canary';
  const passwordFile = join(under.directory, 'password');
  await writeFile(passwordFile, `${secret}\n`);
  await writeFile(join(under.directory, '.env'), `USER_NAME=${secret}`);
  const side = {
    connector: 'postgres',
    host: '127.0.0.1',
    user: env('USER_NAME'),
    password: env('PASSWORD'),
    database: env('DATABASE', { default: 'shop' }),
  } as const;
  const config = { pipelines: { shop: { source: side, destination: side, collections: ['orders'] } } };
  const options = {
    directory: under.directory,
    env: { PASSWORD_FILE: passwordFile, LOCKSTEP_TOKEN: secret },
  };
  await using engine = await createLockstep(config, options);
  const { references } = await engine.secrets.list();
  const source = 'pipelines.shop.source';
  expect(references).toEqual(
    expect.arrayContaining([
      { where: `${source}.user`, name: 'USER_NAME', from: 'env file', file: null },
      { where: `${source}.password`, name: 'PASSWORD', from: 'environment', file: passwordFile },
      { where: `${source}.database`, name: 'DATABASE', from: 'default', file: null },
      { where: 'store.key', name: 'LOCKSTEP_KEYS', from: 'nowhere', file: null },
      { where: 'the token of HTTP', name: 'LOCKSTEP_TOKEN', from: 'environment', file: null },
    ]),
  );
  expect(references).toHaveLength(9);
  expect(JSON.stringify(references)).not.toContain(secret);
});

test('all that is sealed is opened, and what no key opens is named with the reason', async () => {
  await using under = await openSecretsUnderTest();
  const [key, gone] = [newKey(), newKey()];
  const damaged = sealedWith(key, 'c') ?? new Uint8Array();
  damaged[30] = (damaged[30] ?? 0) ^ 1;
  await putSealed(under.store, {
    a: sealedWith(key, 'a'),
    b: sealedWith(gone, 'b'),
    c: damaged,
    // The row of another letter in its place.
    d: sealedWith(key, 'a'),
    e: new Uint8Array([9]),
    f: null,
  });
  const engine = await under.engine(key);
  const ids = new Map((await engine.letters('shop')).letters.map((each) => [each.key, each.id]));
  const unopened = (letter: string, reason: string, keyId: string | null) => ({
    pipeline: 'shop',
    letter: ids.get(letter),
    connection: null,
    reason,
    keyId,
  });
  expect(await engine.secrets.verify()).toEqual({
    opened: 1,
    unopened: 4,
    samples: [
      unopened('b', 'key-unknown', keyIdOf(gone)),
      unopened('c', 'damaged', keyIdOf(key)),
      unopened('d', 'damaged', keyIdOf(key)),
      unopened('e', 'damaged', null),
    ],
  });
});

test('rotating seals everything anew, and then the former key can go (rule 8)', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  const keys = Array.from({ length: 450 }, (_, index) => `k${index}`);
  await putSealed(under.store, Object.fromEntries(keys.map((key) => [key, sealedWith(former, key)])));
  await putSealed(under.store, { own: sealedWith(newest, 'own') });
  await putSealed(under.store, { x: sealedWith(former, 'x', 'crm') }, 'crm');
  const before = (await under.store.deadLetters.list('shop', { limit: 1 }))[0];
  const rotated = await (await under.engine(newest, former)).secrets.rotate();
  expect(rotated).toEqual({
    keyId: keyIdOf(newest),
    resealed: 451,
    current: 1,
    overtaken: 0,
    unopened: 0,
    samples: [],
  });
  const engine = await under.engine(newest);
  expect(await engine.secrets.verify()).toEqual({ opened: 452, unopened: 0, samples: [] });
  const after = (await under.store.deadLetters.list('shop', { limit: 1 }))[0];
  expect({ ...after, sealed: null }).toEqual({ ...before, sealed: null });
  expect((await engine.letter('shop', before?.id ?? 0)).row).toEqual(rowOf(before?.key ?? ''));
  expect(await engine.secrets.rotate()).toMatchObject({ resealed: 0, current: 452 });
  // Nothing that the former key opens is left in the file, not in its free pages either.
  const stored = await readFile(under.storeFile);
  for (const secret of [Buffer.from(before?.sealed ?? []), Buffer.from(keyIdOf(former), 'hex')])
    expect(stored.includes(secret)).toBe(false);
});

test('rotating twice, and back again, loses nothing', async () => {
  await using under = await openSecretsUnderTest();
  const [first, second, third] = [newKey(), newKey(), newKey()];
  await putSealed(under.store, { a: sealedWith(first, 'a'), b: sealedWith(second, 'b') });
  for (const [newest, ...others] of [
    [second, first],
    [third, second],
    [first, third],
  ]) {
    const engine = await under.engine(newest ?? '', ...others);
    expect(await engine.secrets.rotate()).toMatchObject({ keyId: keyIdOf(newest ?? ''), unopened: 0 });
  }
  expect(await (await under.engine(first)).secrets.verify()).toMatchObject({ opened: 2, unopened: 0 });
});

test('what can’t be opened stays as it is and is named, and the rest is rotated', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former, gone] = [newKey(), newKey(), newKey()];
  const lost = sealedWith(gone, 'lost');
  await putSealed(under.store, { a: sealedWith(former, 'a'), lost });
  const rotated = await (await under.engine(newest, former)).secrets.rotate();
  expect(rotated).toMatchObject({ resealed: 1, unopened: 1, samples: [{ reason: 'key-unknown' }] });
  const [, kept] = await under.store.deadLetters.list('shop', { limit: 2 });
  expect([...(kept?.sealed ?? [])]).toEqual([...(lost ?? [])]);
});

test('without a key rotating says so, and verifying names all', async () => {
  await using under = await openSecretsUnderTest();
  await putSealed(under.store, { a: sealedWith(newKey(), 'a') });
  const engine = await under.engine();
  await expect(engine.secrets.rotate()).rejects.toMatchObject({ code: 'keys-missing', exitCode: 3 });
  expect(await engine.secrets.verify()).toMatchObject({ opened: 0, unopened: 1 });
});

test('a letter that fails again while we rotate keeps its newer row', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  await putSealed(under.store, { a: sealedWith(former, 'a'), b: sealedWith(former, 'b') });
  const { deadLetters } = under.store;
  const [a] = await deadLetters.list('shop', { limit: 1 });
  const read = a?.sealed ?? new Uint8Array();
  // What the engine writes between our reading and our writing.
  await putSealed(under.store, { a: sealedWith(former, 'a') });
  const sealed = sealedWith(newest, 'a') ?? new Uint8Array();
  expect(await deadLetters.reseal([{ pipeline: 'shop', id: a?.id ?? 0, was: read, sealed }])).toBe(0);
  expect(await (await under.engine(newest, former)).secrets.rotate()).toMatchObject({ resealed: 2 });
  expect(await (await under.engine(newest)).secrets.verify()).toMatchObject({ opened: 2, unopened: 0 });
});

test('an abort ends it between two batches, and the next rotation goes on', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  await putSealed(under.store, { a: sealedWith(former, 'a') });
  const engine = await under.engine(newest, former);
  const aborted = engine.secrets.rotate({ signal: AbortSignal.abort(new Error('enough')) });
  await expect(aborted).rejects.toMatchObject({ code: 'interrupted' });
  expect(await engine.secrets.rotate()).toMatchObject({ resealed: 1 });
});

const replace = async (path: string, text: string) => {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
};

test('a running engine learns keys from the file that `store.key` names', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  await replace(join(under.directory, 'keys'), former);
  const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
  const pipelines = { shop: { source: side, destination: side, collections: ['orders'] } };
  await using engine = await createLockstep(
    { pipelines, store: { key: file('keys') } },
    { directory: under.directory, env: {} },
  );
  const told: unknown[] = [];
  engine.events.on('keys.reread', (event) => told.push(event));
  const writes = async () => (await engine.secrets.list()).keys.find((key) => key.writes)?.id;
  expect(await writes()).toBe(keyIdOf(former));
  await replace(join(under.directory, 'keys'), `${newest}\n${former}\n`);
  expect(await writes()).toBe(keyIdOf(newest));
  expect(told).toEqual([{ keyIds: [keyIdOf(newest), keyIdOf(former)], fault: null }]);
});

test('a running engine learns keys from the file that LOCKSTEP_KEYS_FILE names, and from the env file', async () => {
  await using under = await openSecretsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  const keysFile = join(under.directory, 'keys');
  await replace(keysFile, former);
  const envFile = join(under.directory, '.env');
  await replace(envFile, 'LOCKSTEP_KEYS_FILE=keys');
  const side = { connector: 'postgres', url: 'postgres://app@127.0.0.1:1/shop' } as const;
  const config = { pipelines: { shop: { source: side, destination: side, collections: ['orders'] } } };
  await using engine = await createLockstep(config, { directory: under.directory, env: {} });
  const told: unknown[] = [];
  engine.events.on('keys.reread', (event) => told.push(event));
  const writes = async () => (await engine.secrets.list()).keys.find((key) => key.writes)?.id;
  expect(await writes()).toBe(keyIdOf(former));
  await replace(keysFile, `${newest}\n${former}\n`);
  expect(await writes()).toBe(keyIdOf(newest));
  await replace(envFile, `LOCKSTEP_KEYS="${former}, ${newest}"`);
  expect(await writes()).toBe(keyIdOf(former));
  await replace(envFile, 'LOCKSTEP_KEYS=none');
  expect(await writes()).toBe(keyIdOf(former));
  expect(told).toEqual([
    { keyIds: [keyIdOf(newest), keyIdOf(former)], fault: null },
    { keyIds: [keyIdOf(former), keyIdOf(newest)], fault: null },
    { keyIds: [keyIdOf(former), keyIdOf(newest)], fault: expect.stringMatching(/LOCKSTEP_KEYS: must be 32/) },
  ]);
});
