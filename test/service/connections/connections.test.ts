import { expect, test } from 'vitest';
import { keyIdOf, newKey } from '../secrets/fixture.ts';
import { openConnectionsUnderTest, password, urlTo } from './fixture.ts';

test('a connection is kept sealed under its name, and shown without its secrets (rule 8)', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  const { connections } = await under.open(key);
  expect(await connections.list()).toEqual({ connections: [] });
  const saved = await connections.set('shop', `${urlTo('db.example')}\n`);
  const shown = {
    name: 'shop',
    connector: 'postgres',
    address: 'postgres://app@db.example:5432/shop',
    keyId: keyIdOf(key),
    savedAtMs: saved.savedAtMs,
  };
  expect(saved).toEqual({ ...shown, replaced: false });
  await connections.set('crm', 'mongodb+srv://app:planted-canary@a.example/crm?replicaSet=r');
  const { connections: listed } = await connections.list();
  expect(listed).toEqual([
    expect.objectContaining({ name: 'crm', connector: 'mongodb', usedBy: [] }),
    { ...shown, withheld: null, usedBy: ['shop'] },
  ]);
  const bytes = await under.bytes();
  for (const secret of [password, 'db.example', 'a.example']) expect(bytes).not.toContain(secret);
  expect(JSON.stringify(listed)).not.toContain(password);
});

test('another URL takes the place of the one of its name', async () => {
  await using under = await openConnectionsUnderTest();
  const { connections } = await under.open(newKey());
  await connections.set('shop', urlTo('one.example'));
  expect(await connections.set('shop', urlTo('two.example'))).toMatchObject({ replaced: true });
  expect((await connections.list()).connections).toMatchObject([
    { name: 'shop', address: 'postgres://app@two.example:5432/shop' },
  ]);
});

const refused = [
  { what: 'no URL', name: 'shop', url: password, detail: /must be a URL that begins with postgres:\/\// },
  { what: 'nobody’s URL', name: 'shop', url: `https://app:${password}@a.example/`, detail: /begins with/ },
  {
    what: 'a malformed escape',
    name: 'shop',
    url: `postgres://app:${password}%zz@a/b`,
    detail: /must be a URL: postgres:/,
  },
  { what: 'no database', name: 'crm', url: `mongodb://app:${password}@a`, detail: /database: is missing/ },
  {
    what: 'an odd name',
    name: 'My Shop',
    url: urlTo('a.example'),
    detail: /its name must be 1 to 48 lower case/,
  },
];

test.each(refused)(
  '$what is refused without being shown, and nothing is kept',
  async ({ name, url, detail }) => {
    await using under = await openConnectionsUnderTest();
    const { connections } = await under.open(newKey());
    const thrown: unknown = await connections.set(name, url).catch((error: unknown) => error);
    expect(thrown).toMatchObject({
      code: 'connection-invalid',
      exitCode: 3,
      message: expect.stringMatching(detail),
    });
    expect(String(thrown)).not.toContain(password);
    expect(await connections.list()).toEqual({ connections: [] });
  },
);

test('without a key none is stored, and those that are are listed by name', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  await (await under.open(key)).connections.set('shop', urlTo('a.example'));
  const { connections } = await under.open();
  await expect(connections.set('crm', urlTo('a.example'))).rejects.toMatchObject({
    code: 'keys-missing',
    exitCode: 3,
    cure: expect.stringMatching(/secrets generate/),
  });
  expect((await connections.list()).connections).toMatchObject([
    { name: 'shop', connector: null, address: null, keyId: keyIdOf(key), withheld: 'key-unknown' },
  ]);
  await expect(connections.test('shop')).rejects.toMatchObject({ code: 'keys-missing' });
});

test('what a wrong key, or another name, is given can’t be opened, and is told apart', async () => {
  await using under = await openConnectionsUnderTest();
  const [key, wrong] = [newKey(), newKey()];
  const { connections } = await under.open(key);
  await connections.set('shop', urlTo('a.example'));
  const kept = await under.store.connections.get('shop');
  await under.store.connections.put({
    name: 'moved',
    sealed: kept?.sealed ?? new Uint8Array(),
    savedAtMs: 1,
  });
  await under.store.connections.put({ name: 'noise', sealed: new Uint8Array([9]), savedAtMs: 1 });
  const listed = (await connections.list()).connections.map(({ name, withheld }) => [name, withheld]);
  expect(listed).toEqual([
    ['moved', 'damaged'],
    ['noise', 'damaged'],
    ['shop', null],
  ]);
  await expect(connections.test('moved')).rejects.toMatchObject({ code: 'connection-damaged' });
  const other = await under.open(wrong);
  await expect(other.connections.test('shop')).rejects.toMatchObject({
    code: 'connection-key-unknown',
    message: expect.stringContaining(keyIdOf(key)),
  });
  // Sealed anew it can be used again, whatever became of the former key.
  await other.connections.set('shop', urlTo('b.example'));
  expect((await other.connections.list()).connections).toContainEqual(
    expect.objectContaining({ name: 'shop', withheld: null, keyId: keyIdOf(wrong) }),
  );
});

test('one that a pipeline refers to is not removed, others are, and what is not there is named', async () => {
  await using under = await openConnectionsUnderTest();
  const { connections } = await under.open(newKey());
  for (const name of ['shop', 'crm', 'warehouse']) await connections.set(name, urlTo('a.example'));
  await expect(connections.remove('shop')).rejects.toMatchObject({
    code: 'connection-used',
    exitCode: 3,
    message: 'Connection shop is used by shop, and was not removed',
  });
  expect(await connections.remove('crm')).toEqual({ name: 'crm' });
  await expect(connections.remove('warehose')).rejects.toMatchObject({
    code: 'connection-unknown',
    message: expect.stringMatching(/it has: shop, warehouse; did you mean warehouse\?/),
  });
});

test('keys are changed twice: all is sealed anew each time, and then the former key may go', async () => {
  await using under = await openConnectionsUnderTest();
  const [first, second, third] = [newKey(), newKey(), newKey()];
  await (await under.open(first)).connections.set('shop', urlTo('a.example'));
  for (const [newest, former] of [
    [second, first],
    [third, second],
  ] as const) {
    const both = await under.open(newest, former);
    expect(await both.secrets.rotate()).toMatchObject({ resealed: 1, current: 0, overtaken: 0, unopened: 0 });
    expect(await both.secrets.rotate()).toMatchObject({ resealed: 0, current: 1 });
    const alone = await under.open(newest);
    expect(await alone.secrets.verify()).toEqual({ opened: 1, unopened: 0, samples: [] });
    expect((await alone.connections.list()).connections).toMatchObject([
      { address: 'postgres://app@a.example:5432/shop', keyId: keyIdOf(newest) },
    ]);
    expect((await alone.secrets.list()).keys).toMatchObject([{ id: keyIdOf(newest), connections: ['shop'] }]);
  }
  // Nothing that a former key opens is left, not in free pages either.
  for (const key of [first, second])
    expect(await under.bytes()).not.toContain(Buffer.from(keyIdOf(key), 'hex').toString('latin1'));
});

test('what can’t be opened is named by verify and rotate, and stays as it is', async () => {
  await using under = await openConnectionsUnderTest();
  const [newest, gone] = [newKey(), newKey()];
  await (await under.open(gone)).connections.set('shop', urlTo('a.example'));
  const before = await under.store.connections.get('shop');
  const { secrets } = await under.open(newest);
  const sample = {
    pipeline: null,
    letter: null,
    connection: 'shop',
    reason: 'key-unknown',
    keyId: keyIdOf(gone),
  };
  expect(await secrets.verify()).toEqual({ opened: 0, unopened: 1, samples: [sample] });
  expect(await secrets.rotate()).toMatchObject({ resealed: 0, unopened: 1, samples: [sample] });
  expect(await under.store.connections.get('shop')).toEqual(before);
});

test('one that is set anew while keys are changed keeps the newer URL', async () => {
  await using under = await openConnectionsUnderTest();
  const [newest, former] = [newKey(), newKey()];
  const old = await under.open(former);
  await old.connections.set('shop', urlTo('one.example'));
  const read = await under.store.connections.get('shop');
  await old.connections.set('shop', urlTo('two.example'));
  const change = { name: 'shop', was: read?.sealed ?? new Uint8Array(), sealed: new Uint8Array([1]) };
  expect(await under.store.connections.reseal(change)).toBe(false);
  const both = await under.open(newest, former);
  expect(await both.secrets.rotate()).toMatchObject({ resealed: 1 });
  expect((await both.connections.list()).connections).toMatchObject([
    { address: 'postgres://app@two.example:5432/shop', keyId: keyIdOf(newest) },
  ]);
});
