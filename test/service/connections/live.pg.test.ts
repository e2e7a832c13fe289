import { expect, test } from 'vitest';
import { createLockstep, type LockstepConfig, openSecretsOf, stored } from '../../../src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { keyIdOf, newKey } from '../secrets/fixture.ts';
import { password, urlTo } from './fixture.ts';

interface Shop extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly directory: string;
}

async function openShop(): Promise<Shop> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  for (const side of [source, target]) await side.query('CREATE TABLE t (id int PRIMARY KEY, note text)');
  await source.query(`INSERT INTO t SELECT n, 'n' || n FROM generate_series(1, 100) AS n`);
  const { path: directory } = opened.use(await temporaryDirectory());
  const kept = opened.move();
  return { source, target, directory, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const pipelines = {
  shop: {
    source: { connector: 'postgres', url: stored('shop') },
    destination: { connector: 'postgres', url: stored('reports') },
    collections: ['t'],
  },
} as const;

test.each(['a file', 'a database'])(
  'a pipeline runs from one stored connection into another, kept in %s, through a change of keys',
  async (kind) => {
    await using shop = await openShop();
    await using database = await createTestDatabase();
    const config: LockstepConfig =
      kind === 'a file' ? { pipelines } : { pipelines, store: { url: database.url } };
    const [newest, former] = [newKey(), newKey()];
    const options = (...keys: readonly string[]) => ({
      directory: shop.directory,
      env: { LOCKSTEP_KEYS: keys.join() },
    });
    await using secrets = await openSecretsOf(config, options(former));
    await secrets.connections.set('shop', shop.source.url);
    await secrets.connections.set('reports', shop.target.url);
    await using engine = await createLockstep(config, options(former));
    expect(await engine.run('shop')).toMatchObject({ result: 'equal' });
    await using rotating = await openSecretsOf(config, options(newest, former));
    expect(await rotating.secrets.rotate()).toMatchObject({
      keyId: keyIdOf(newest),
      resealed: 2,
      unopened: 0,
    });
    // What it began with is good for as long as it runs.
    await shop.source.query('INSERT INTO t VALUES (101, NULL)');
    expect(await engine.run('shop')).toMatchObject({ result: 'equal' });
    await using next = await createLockstep(config, options(newest));
    expect(await next.verify('shop')).toMatchObject({ equal: true });
    await expect(createLockstep(config, options(former))).rejects.toMatchObject({ code: 'config-invalid' });
  },
);

test('a connection is tested against its server, and what is wrong is told without the URL', async () => {
  await using shop = await openShop();
  const role = await shop.source.createRole({ password: 'right-password' });
  const env = { LOCKSTEP_KEYS: newKey() };
  await using secrets = await openSecretsOf({ pipelines }, { directory: shop.directory, env });
  const { connections } = secrets;
  await connections.set('good', shop.source.url);
  await connections.set('refused', shop.source.urlFor({ user: role, password }));
  await connections.set('away', urlTo('127.0.0.1').replace(':5432', ':1'));
  expect(await connections.test('good')).toMatchObject({
    name: 'good',
    connector: 'postgres',
    server: expect.stringMatching(/^PostgreSQL \d+/),
  });
  for (const [name, code] of [
    ['refused', 'authentication-failed'],
    ['away', 'connection-refused'],
  ] as const) {
    const thrown: unknown = await connections.test(name).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code, exitCode: 4 });
    expect(String(thrown)).not.toContain(password);
  }
  await expect(connections.test('goood')).rejects.toMatchObject({
    code: 'connection-unknown',
    message: expect.stringMatching(/did you mean good\?/),
  });
});
