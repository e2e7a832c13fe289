import { expect, test } from 'vitest';
import { createRedactor } from '../../src/service/redact.ts';
import { env } from '../../src/service/secrets/env-reference.ts';
import { faultsOf, resolve, shop } from './faults-of.ts';

const urlOfMongodb = 'store.url: must be a URL: mongodb://user:password@host:27017/database?replicaSet=name';
const urlOfPostgres = 'store.url: must be a URL: postgres://user:password@host:5432/database';

const table: readonly [string, unknown, readonly string[]][] = [
  ['a store without a path', { ...shop({}), store: { path: '' } }, ['store.path: must not be empty']],
  [
    'a store in two places',
    { ...shop({}), store: { path: 'x.db', url: 'postgres://u:planted-canary@h/d' } },
    ['store.path: can’t stand beside `url`: keep `path` for a file of this machine, or `url` for a database'],
  ],
  [
    'a store’s URL of another kind',
    { ...shop({}), store: { url: 'mysql://planted-canary@h/d' } },
    [`${urlOfMongodb}, or postgres://user:password@host:5432/database`],
  ],
  [
    'a store’s URL that can’t be read',
    { ...shop({}), store: { url: 'postgres://u:planted-canary%zz@h/d' } },
    [urlOfPostgres],
  ],
  [
    'a store’s URL of MongoDB that can’t be read',
    { ...shop({}), store: { url: 'mongodb://u:planted-canary%zz@h,i/d' } },
    [urlOfMongodb],
  ],
  [
    'a schema for MongoDB',
    { ...shop({}), store: { url: 'mongodb://h/d', schema: 'control' } },
    ['store.schema: is for PostgreSQL: use `database`'],
  ],
  [
    'a database beside a URL of PostgreSQL',
    { ...shop({}), store: { url: 'postgres://h/d', database: 'control' } },
    ['store.database: needs a `url` of MongoDB; that of PostgreSQL names its database itself'],
  ],
  [
    'a name that no MongoDB database can have',
    { ...shop({}), store: { url: 'mongodb://h/d', database: 'a.b' } },
    ['store.database: must be a name of a MongoDB database'],
  ],
  [
    'a store’s URL that asks for a kind of TLS that there is not',
    { ...shop({}), store: { url: 'postgres://u:planted-canary@h/d?sslmode=verify' } },
    ['store.url: sslmode must be one of disable, allow, prefer, require, no-verify, verify-ca, verify-full'],
  ],
  [
    'a store’s URL that is not set',
    { ...shop({}), store: { url: env('STORE_URL') } },
    ['store.url: STORE_URL is not set (in the environment, as STORE_URL_FILE, or in the env file)'],
  ],
  [
    'a schema for a file',
    { ...shop({}), store: { schema: 'control' } },
    ['store.schema: needs `url`: a file has no schemas'],
  ],
  [
    'a schema of the server’s own',
    { ...shop({}), store: { url: 'postgres://h/d', schema: 'pg_control' } },
    ['store.schema: must be 1 to 63 characters that do not begin with pg_'],
  ],
  [
    'an unknown key of the store',
    { ...shop({}), store: { urll: 'postgres://h/d' } },
    ['store.urll: is not a known key; did you mean url? (known: database, key, path, schema, url)'],
  ],
];

test.each(table)('%s', async (_, config, faults) => {
  expect(await faultsOf(config)).toEqual(faults);
});

test('a store in a database has its URL as a secret, and spills beside the configuration', async () => {
  const store = { url: env('STORE_URL'), schema: 'control' };
  const url = 'postgres://app:planted%2Fcanary@db.example:5433/state';
  const config = await resolve({ ...shop({}), store }, { STORE_URL: url });
  expect(config.store).toMatchObject({
    kind: 'postgres',
    schema: 'control',
    label: 'postgres://app@db.example:5433/state',
    directory: '/project/.lockstep',
  });
  expect(JSON.stringify(config)).not.toContain('canary');
  expect(createRedactor(config.secrets)('planted/canary, planted%2Fcanary')).toBe('[secret], [secret]');
});

test('a store in MongoDB may name several hosts, whose password is never shown', async () => {
  const url = 'mongodb://app:planted%2Fcanary@one:27017,two:27018/state?replicaSet=rs';
  const config = await resolve({ ...shop({}), store: { url: env('STORE_URL') } }, { STORE_URL: url });
  expect(config.store).toMatchObject({
    kind: 'mongodb',
    database: 'state',
    label: 'mongodb://app@one:27017,two:27018/state',
    directory: '/project/.lockstep',
  });
  expect(JSON.stringify(config)).not.toContain('canary');
  expect(createRedactor(config.secrets)('planted/canary, planted%2Fcanary')).toBe('[secret], [secret]');
  const named = await resolve({ ...shop({}), store: { url: 'mongodb://h/', database: 'own' } });
  expect(named.store).toMatchObject({ database: 'own', label: 'mongodb://h/own' });
});
