import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createLockstep, type LockstepConfig, LockstepError, stored } from '../../../src/index.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { keyIdOf, newKey } from '../secrets/fixture.ts';
import { config, openConnectionsUnderTest, password, urlTo } from './fixture.ts';

async function faultsOf(making: Promise<unknown>): Promise<readonly string[]> {
  const thrown: unknown = await making.catch((error: unknown) => error);
  if (!(thrown instanceof LockstepError)) throw new Error(`no fault but ${String(thrown)}`);
  expect(thrown).toMatchObject({ code: 'config-invalid', exitCode: 3 });
  expect(thrown.message).not.toContain(password);
  return thrown.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('a name stands for the URL that is kept under it, also in JSON', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  const { connections } = await under.open(key);
  await connections.set('shop', urlTo('one.invalid'));
  await connections.set('reports', urlTo('two.invalid'));
  const fromJson: LockstepConfig = JSON.parse(JSON.stringify(config));
  for (const of of [config, fromJson]) {
    const engine = await under.engine([key], of);
    expect(engine.pipelines).toEqual(['shop']);
    const failed: unknown = await engine.check().catch((error: unknown) => error);
    expect(failed).toMatchObject({
      code: 'connection-refused',
      message: expect.stringMatching(/(one|two)\.invalid/),
    });
    expect(String(failed)).not.toContain(password);
  }
});

test('what is not there is named with what there is, every one at once, before anything is touched (rule 9)', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  await (await under.open(key)).connections.set('shops', urlTo('a.example'));
  const [source, destination, ...more] = await faultsOf(under.engine([key]));
  expect(source).toMatch(
    /^pipelines\.shop\.source\.url: The control store has no connection shop \(it has: shops; did you mean shops\?\)\. .*connections set shop/,
  );
  expect(destination).toMatch(
    /^pipelines\.shop\.destination\.url: The control store has no connection reports/,
  );
  expect(more).toEqual([]);
});

test('a key that is missing or wrong, and stored bytes that are no URL of that name, are faults with a cure', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  const { connections } = await under.open(key);
  await connections.set('shop', urlTo('a.example'));
  const kept = await under.store.connections.get('shop');
  await under.store.connections.put({
    name: 'reports',
    sealed: kept?.sealed ?? new Uint8Array(),
    savedAtMs: 1,
  });
  const [source, destination] = ['source', 'destination'].map(
    (side) => `^pipelines\\.shop\\.${side}\\.url: `,
  );
  expect(await faultsOf(under.engine([]))).toEqual([
    expect.stringMatching(new RegExp(`${source}There is no key .*secrets generate`)),
    expect.stringMatching(new RegExp(`${destination}There is no key .*secrets generate`)),
  ]);
  expect(await faultsOf(under.engine([newKey()]))).toEqual([
    expect.stringMatching(new RegExp(`${source}.*key id ${keyIdOf(key)}.*Add the former key after`)),
    expect.stringMatching(new RegExp(`${destination}.*connections set reports`)),
  ]);
  expect(await faultsOf(under.engine([key]))).toEqual([
    expect.stringMatching(new RegExp(`${destination}.*reports can’t be opened: its seal is broken`)),
  ]);
});

test('a URL of another connector is a fault of its place', async () => {
  await using under = await openConnectionsUnderTest();
  const key = newKey();
  const { connections } = await under.open(key);
  await connections.set('shop', `mongodb://app:${password}@a.example/shop`);
  await connections.set('reports', urlTo('a.example'));
  expect(await faultsOf(under.engine([key]))).toEqual([
    'pipelines.shop.source.url: must be a URL: postgres://user:password@host:5432/database',
  ]);
});

test('it stands for a URL of a side and for nothing else, least of all for where it is kept', async () => {
  await using under = await openConnectionsUnderTest();
  const side = { connector: 'postgres', url: 'postgres://a.example/a' } as const;
  const misplaced = {
    store: { url: stored('shop') },
    pipelines: {
      shop: {
        source: { ...side, password: stored('shop') },
        destination: { ...side, url: stored('reports') },
        collections: ['orders'],
      },
    },
  };
  // A program that is not checked by types, such as JSON, can say so.
  const making = createLockstep(JSON.parse(JSON.stringify(misplaced)), {
    directory: under.directory,
    env: {},
  });
  const only = 'a stored connection can only stand at `url` of a source or destination';
  expect(await faultsOf(making)).toEqual(
    expect.arrayContaining([
      `store.url: ${only}`,
      `pipelines.shop.source.password: ${only}`,
      'pipelines.shop.destination.url: can’t be looked up before what is wrong with `store` or its keys is mended',
    ]),
  );
});

test('a control store that can’t be opened is told as such', async () => {
  await using directory = await temporaryDirectory({ 'lockstep.db': 'this is no database' });
  const making = createLockstep(
    { ...config, store: { path: 'lockstep.db' } },
    { directory: directory.path, env: { LOCKSTEP_KEYS: newKey() } },
  );
  await expect(making).rejects.toMatchObject({ code: 'store-unusable' });
});

test('a configuration that refers to none opens no store', async () => {
  await using directory = await temporaryDirectory();
  const side = { connector: 'postgres', url: urlTo('a.example') } as const;
  const pipelines = { shop: { source: side, destination: side, collections: ['orders'] } };
  await using _engine = await createLockstep({ pipelines }, { directory: directory.path, env: {} });
  expect(existsSync(join(directory.path, '.lockstep'))).toBe(false);
});
