import { expect, test } from 'vitest';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { resolveConfig } from '../../src/service/config/resolve-config.ts';
import { createRedactor } from '../../src/service/redact.ts';
import { env } from '../../src/service/secrets/env-reference.ts';
import { openEnvironment } from '../../src/service/secrets/environment.ts';

const environment = (variables: Readonly<Record<string, string>> = {}) =>
  openEnvironment({ variables, cwd: '/', defaultEnvFile: '/nowhere/.env' });

const resolve = (config: unknown, variables?: Readonly<Record<string, string>>) =>
  resolveConfig(config, { environment: environment(variables), directory: '/project', file: null });

async function faultsOf(
  config: unknown,
  variables?: Readonly<Record<string, string>>,
): Promise<readonly string[]> {
  const error = await resolve(config, variables).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof LockstepError)) throw new Error(`expected config-invalid, got ${String(error)}`);
  expect(error.code).toBe('config-invalid');
  expect(error.exitCode).toBe(3);
  const [, ...faults] = error.message.split('\n').map((line) => line.trim());
  expect(error.details['count']).toBe(faults.length);
  return faults;
}

const postgres = { connector: 'postgres', url: 'postgres://app:planted-canary@db.example/shop' };
const shop = (more: object) => ({
  pipelines: { shop: { source: postgres, destination: postgres, collections: ['orders'], ...more } },
});
const orders = (orders: unknown) => shop({ collections: { orders } });
const source = (source: unknown) => shop({ source });

const at = 'pipelines.shop';
const collectionKeys =
  'columns, exclude, filter, guard, key, leaving, map, mapReads, mapVersion, owned, scope, target';

const table: readonly [string, unknown, readonly string[]][] = [
  ['not an object', 5, ['must be an object, not a number']],
  ['nothing at all', undefined, ['is missing (an object)']],
  ['an empty object', {}, ['pipelines: is missing (an object)']],
  ['no pipelines', { pipelines: {} }, ['pipelines: must name at least one pipeline']],
  ['pipelines of a wrong kind', { pipelines: [] }, ['pipelines: must be an object, not a list']],
  [
    'an unknown key at the top',
    { ...shop({}), stroe: {} },
    ['stroe: is not a known key; did you mean store? (known: alerts, pipelines, store)'],
  ],
  [
    'a bad name of a pipeline',
    { pipelines: { 'My Shop': shop({}).pipelines.shop } },
    ['pipelines["My Shop"]: must be 1 to 48 lower case letters, digits, `-` or `_`'],
  ],
  [
    'an empty pipeline',
    { pipelines: { shop: {} } },
    [
      `${at}.source: is missing (an object)`,
      `${at}.destination: is missing (an object)`,
      `${at}.collections: is missing (a list, or an object)`,
    ],
  ],
  ['no connector', source({}), [`${at}.source.connector: is missing ("postgres")`]],
  [
    'a misspelt connector',
    source({ connector: 'postgrse' }),
    [`${at}.source.connector: must be "postgres"; did you mean postgres?`],
  ],
  ['another connector', source({ connector: 'oracle' }), [`${at}.source.connector: must be "postgres"`]],
  ['a connector of a wrong kind', source({ connector: 5 }), [`${at}.source.connector: must be "postgres"`]],
  [
    'a connector from the environment',
    source({ connector: env('KIND') }),
    [`${at}.source.connector: KIND is not set (in the environment, as KIND_FILE, or in the env file)`],
  ],
  ['a source that is a text', source('postgres://x'), [`${at}.source: must be an object, not a text`]],
  [
    'a mode that does not exist',
    shop({ mode: 'ful' }),
    [`${at}.mode: must be one of "full", "live"; did you mean full?`],
  ],
  ['a fraction of a lane', shop({ lanes: 1.5 }), [`${at}.lanes: must be a whole number`]],
  ['no lanes', shop({ lanes: 0 }), [`${at}.lanes: must be at least 1`]],
  ['too many lanes', shop({ lanes: 65 }), [`${at}.lanes: must be at most 64`]],
  ['a flag of a wrong kind', shop({ create: 'yes' }), [`${at}.create: must be true or false, not a text`]],
  [
    'an unknown key of guard',
    shop({ guard: { maxLeavingShar: 0.1 } }),
    [
      `${at}.guard.maxLeavingShar: is not a known key; did you mean maxLeavingShare? (known: fromRows, maxLeavingShare)`,
    ],
  ],
  [
    'a share above one',
    shop({ guard: { maxLeavingShare: 20 } }),
    [`${at}.guard.maxLeavingShare: must be at most 1`],
  ],
  ['retry of a wrong kind', shop({ retry: true }), [`${at}.retry: must be an object, not true or false`]],
  [
    'a schedule that is no cron expression',
    shop({ schedule: 'nightly' }),
    [expect.stringMatching(/^pipelines\.shop\.schedule: can’t be used: /)],
  ],
  [
    'a schedule in no time zone',
    shop({ schedule: { cron: '0 3 * * *', timeZone: 'Europe/Nowhere' } }),
    [`${at}.schedule: can’t be used: Europe/Nowhere is no time zone; they are called like Europe/Berlin`],
  ],
  [
    'a schedule that never comes',
    shop({ schedule: { cron: '0 0 30 2 *' } }),
    [`${at}.schedule: can’t be used: it never comes`],
  ],
  [
    'an interval without a unit',
    shop({ schedule: { every: '15' } }),
    [`${at}.schedule.every: must be a number and s, m, h or d, such as 15m`],
  ],
  ['no collections', shop({ collections: [] }), [`${at}.collections: must not be empty`]],
  [
    'no collections by name',
    shop({ collections: {} }),
    [`${at}.collections: must name at least one collection`],
  ],
  [
    'collections of a wrong kind',
    shop({ collections: 'orders' }),
    [`${at}.collections: must be a list, or an object, not a text`],
  ],
  [
    'an entry of a wrong kind',
    shop({ collections: ['orders', 5] }),
    [`${at}.collections[1]: must be a text, not a number`],
  ],
  [
    'an unknown key of a collection',
    orders({ gaurd: {} }),
    [`${at}.collections.orders.gaurd: is not a known key; did you mean guard? (known: ${collectionKeys})`],
  ],
  [
    'a name that needs quotes in the path',
    shop({ collections: { 'public.orders': { key: [] } } }),
    [`${at}.collections["public.orders"].key: must not be empty`],
  ],
  [
    'a collection of a wrong kind',
    orders('all'),
    [`${at}.collections.orders: must be true, or an object, not a text`],
  ],
  [
    'a map that is no function',
    orders({ map: 'lower' }),
    [`${at}.collections.orders.map: must be a function`],
  ],
  [
    'leaving that does not exist',
    orders({ leaving: 'delet' }),
    [`${at}.collections.orders.leaving: must be one of "delete", "keep", or an object, not a text`],
  ],
  [
    'leaving without its parts',
    orders({ leaving: { mark: { set: {}, marked: '' } } }),
    [
      `${at}.collections.orders.leaving.mark.marked: must not be empty`,
      `${at}.collections.orders.leaving.mark.clear: is missing (an object)`,
    ],
  ],
  [
    'a misspelt way of leaving',
    orders({ leaving: { mrk: {} } }),
    [`${at}.collections.orders.leaving.mrk: is not a known key; did you mean mark? (known: custom, mark)`],
  ],
  [
    'a column from nowhere',
    orders({ columns: { id: {} } }),
    [`${at}.collections.orders.columns.id: must have exactly one of the keys column, expression, mapped`],
  ],
  [
    'a port out of range',
    source({ connector: 'postgres', host: 'h', port: 70_000 }),
    [`${at}.source.port: must be at most 65535`],
  ],
  ['no server', source({ connector: 'postgres' }), [`${at}.source.url: url or host is needed`]],
  [
    'another URL',
    source({ connector: 'postgres', url: 'mysql://app:planted-canary@h/d' }),
    [`${at}.source.url: must be a URL: postgres://user:password@host:5432/database`],
  ],
  [
    'another URL beside other faults',
    source({ connector: 'postgres', url: 'mysql://app:planted-canary@h/d', port: 'x', prot: 5 }),
    [
      `${at}.source.url: must be a URL: postgres://user:password@host:5432/database`,
      `${at}.source.port: must be a number, not a text`,
      `${at}.source.prot: is not a known key; did you mean port? (known: applicationName, capture, connectTimeoutMs, connector, database, host, maxRowBytes, password, port, schema, ssl, stallTimeoutMs, stateSchema, statementTimeoutMs, throttle, url, user)`,
    ],
  ],
  [
    'a secret of a wrong kind',
    source({ ...postgres, password: 12_345 }),
    [`${at}.source.password: must be a text, not a number`],
  ],
  [
    'a malformed escape in a URL',
    source({ connector: 'postgres', url: 'postgres://app:%zz@h/d' }),
    [`${at}.source: URI malformed`],
  ],
  ['a store without a path', { ...shop({}), store: { path: '' } }, ['store.path: must not be empty']],
  [
    'a store in two places',
    { ...shop({}), store: { path: 'x.db', url: 'postgres://u:planted-canary@h/d' } },
    ['store.path: can’t stand beside `url`: keep `path` for a file of this machine, or `url` for a database'],
  ],
  [
    'a store’s URL of another kind',
    { ...shop({}), store: { url: 'mongodb://planted-canary@h/d' } },
    ['store.url: must be a URL: postgres://user:password@host:5432/database'],
  ],
  [
    'a store’s URL that can’t be read',
    { ...shop({}), store: { url: 'postgres://u:planted-canary%zz@h/d' } },
    ['store.url: must be a URL: postgres://user:password@host:5432/database'],
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
    ['store.urll: is not a known key; did you mean url? (known: key, path, schema, url)'],
  ],
];

test.each(table)('%s', async (_, config, faults) => {
  expect(await faultsOf(config)).toEqual(faults);
});

test('all faults are told at once, missing variables among them (rule 9)', async () => {
  const faults = await faultsOf({
    stroe: {},
    pipelines: {
      shop: {
        source: { connector: 'postgres', url: env('SOURCE_URL') },
        destination: { connector: 'postgres', url: env('DESTINATION_URL'), prot: 1 },
        collections: { orders: { gaurd: {} } },
        lanes: env('LANES'),
        mode: 'fast',
      },
      'B A D': { source: { connector: 'x' }, destination: postgres, collections: ['a'] },
    },
  });
  expect(faults.map((fault) => fault.split(':')[0])).toEqual([
    'pipelines["B A D"]',
    'pipelines.shop.source.url',
    'pipelines.shop.destination.url',
    'pipelines.shop.lanes',
    'pipelines.shop.destination.prot',
    'pipelines.shop.collections.orders.gaurd',
    'pipelines.shop.mode',
    'pipelines["B A D"].source.connector',
    'stroe',
  ]);
});

test('values from the environment are read as what is wanted in their place', async () => {
  const reference = {
    ...postgres,
    url: env('URL'),
    port: env('PORT'),
    ssl: env('SSL'),
    schema: env('SCHEMA'),
  };
  const variables = {
    URL: 'postgres://a@h/d',
    PORT: '5433',
    SSL: 'false',
    SCHEMA: 'sales',
    LANES: '7',
    SHARE: '0.5',
  };
  const config = await resolve(
    shop({ source: reference, lanes: env('LANES'), guard: { maxLeavingShare: env('SHARE') } }),
    variables,
  );
  const pipeline = config.pipelines.get('shop');
  expect(pipeline?.settings).toMatchObject({ lanes: 7, guard: { maxLeavingShare: 0.5, fromRows: 100 } });
  expect(pipeline?.source.config).toMatchObject({ port: 5433, ssl: false, schema: 'sales' });
  expect(pipeline?.source.label).toBe('postgres://a@h:5433/d');
});

test('a variable that does not fit is a fault that does not show it', async () => {
  const faults = await faultsOf(shop({ lanes: env('LANES'), mode: env('MODE') }), {
    LANES: 'canary-lanes',
    MODE: 'canary-mode',
  });
  expect(faults).toEqual([
    `${at}.mode: must be one of "full", "live"`,
    `${at}.lanes: must be a number, not a text`,
  ]);
});

test('texts at places of secrets become secrets, and defaults are filled in', async () => {
  const config = await resolve(shop({}));
  expect(JSON.stringify([...config.pipelines.values()])).not.toContain('planted-canary');
  expect(config.secrets.map((secret) => secret.reveal())).toContain('planted-canary');
  const file = { kind: 'sqlite', path: '/project/.lockstep/lockstep.db', directory: '/project/.lockstep' };
  expect(config.store).toMatchObject(file);
  expect(config.pipelines.get('shop')?.settings).toMatchObject({
    mode: 'full',
    lanes: 2,
    create: false,
    samples: 10,
  });
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
