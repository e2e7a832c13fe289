import { expect, test } from 'vitest';
import { env } from '../../src/service/secrets/env-reference.ts';
import { openEnvironment } from '../../src/service/secrets/environment.ts';
import { file } from '../../src/service/secrets/file-reference.ts';
import { readVariables } from '../../src/service/variables/read-variables.ts';
import { variableRules } from '../../src/service/variables/variable.ts';
import { at, faultsOf, orders, postgres, resolve, shop, source } from './faults-of.ts';

const connectors = '"mongodb", "postgres"';
const collectionKeys =
  'alternatives, columns, cursor, exclude, filter, guard, key, leaving, map, mapReads, mapVersion, owned, scope, source, swap, target';

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
  ['no connector', source({}), [`${at}.source.connector: is missing (one of ${connectors})`]],
  [
    'a misspelt connector',
    source({ connector: 'postgrse' }),
    [`${at}.source.connector: must be one of ${connectors}; did you mean postgres?`],
  ],
  [
    'another connector',
    source({ connector: 'oracle' }),
    [`${at}.source.connector: must be one of ${connectors}`],
  ],
  [
    'a connector of a wrong kind',
    source({ connector: 5 }),
    [`${at}.source.connector: must be one of ${connectors}`],
  ],
  [
    'a connector from the environment',
    source({ connector: env('KIND') }),
    [`${at}.source.connector: KIND is not set (in the environment, as KIND_FILE, or in the env file)`],
  ],
  [
    'a connector from a file that is there',
    source({ connector: file('/dev/null') }),
    [`${at}.source.connector: the file of file() could not be read: /dev/null is empty`],
  ],
  [
    'a file that is missing, a directory, no path, and one at a place that can’t have it',
    source({
      connector: 'postgres',
      host: file('none'),
      user: file('/'),
      password: file(''),
      port: { $file: 5 },
    }),
    [
      `${at}.source.host: the file of file() could not be read: /nowhere/none: there is no such file (a relative path starts beside the configuration)`,
      `${at}.source.user: the file of file() could not be read: /: it is a directory`,
      `${at}.source.password: file() needs the path of the file that holds the value`,
      `${at}.source.port: must be a number, not an object`,
    ],
  ],
  ['a source that is a text', source('postgres://x'), [`${at}.source: must be an object, not a text`]],
  [
    'a cursor without a name',
    shop({ mode: 'incremental', collections: { orders: { cursor: { column: '' } } } }),
    [`${at}.collections.orders.cursor.column: must not be empty`],
  ],
  [
    'cursors that are missing',
    shop({
      mode: 'incremental',
      collections: { orders: true, lines: { cursor: { column: 'id' } }, items: {} },
    }),
    ['orders', 'items'].map(
      (name) =>
        `${at}.collections.${name}.cursor: is missing: mode incremental finds what changed by it, such as \`{ column: "updated_at" }\``,
    ),
  ],
  [
    'an incremental pipeline with a list of names',
    shop({ mode: 'incremental' }),
    [`${at}.collections: must be an object with a \`cursor\` for each name: mode is incremental`],
  ],
  [
    'cursors and comparisons where nobody uses them',
    shop({ comparison: 'off', collections: { orders: { cursor: { column: 'id' } } } }),
    [
      `${at}.comparison: is of no use without \`mode: "incremental"\``,
      `${at}.collections.orders.cursor: is of no use without \`mode: "incremental"\``,
    ],
  ],
  [
    'an overlap that can’t be understood',
    shop({ mode: 'incremental', collections: { orders: { cursor: { column: 'id', overlap: 'long' } } } }),
    [`${at}.collections.orders.cursor.overlap: must be a number and s, m, h or d, such as 1m`],
  ],
  [
    'a mode that does not exist',
    shop({ mode: 'ful' }),
    [`${at}.mode: must be one of "full", "incremental", "live"; did you mean full?`],
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
    [
      `${at}.schedule: can’t be used: nightly is no cron expression: it has five fields (minute, hour, day, month, weekday), or six with seconds first; an interval is written as { every: "15m" }`,
    ],
  ],
  [
    'a field of a schedule that is out of range',
    shop({ schedule: { cron: '61 * * * *' } }),
    [`${at}.schedule: can’t be used: 61 * * * * is no cron expression: Invalid value for minute: 61`],
  ],
  [
    'a comparison that is no schedule',
    shop({
      mode: 'incremental',
      comparison: 'never',
      collections: { orders: { cursor: { column: 'id' } } },
    }),
    [expect.stringMatching(/^pipelines\.shop\.comparison: can’t be used: never is no cron .*; or `off`$/)],
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
      `${at}.source.prot: is not a known key; did you mean port? (known: applicationName, capture, connectTimeoutMs, connector, database, host, maxRowBytes, password, port, rebuildKeys, schema, ssl, stallTimeoutMs, stateSchema, statementTimeoutMs, throttle, url, user)`,
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
    [`${at}.source.url: must be a URL: postgres://user:password@host:5432/database`],
  ],
  [
    'a URL that names files',
    source({ ...postgres, url: `${postgres.url}?sslmode=verify-full&sslrootcert=planted-canary` }),
    [`${at}.source.url: sslrootcert in a URL can’t be read`],
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

test('a variable that is not set is told with the nearest name that is there, and never with a value', async () => {
  const config = shop({ source: { connector: 'postgres', url: env('SOURCE_URL'), port: env('PORT') } });
  const told = (name: string) =>
    `${name} is not set (in the environment, as ${name}_FILE, or in the env file)`;
  const url = `${at}.source.url: ${told('SOURCE_URL')}`;
  const port = `${at}.source.port: ${told('PORT')}`;
  for (const name of ['SORUCE_URL', 'source_url', 'SOURCE_URI_FILE'])
    expect(await faultsOf(config, { [name]: 'planted-canary', HOST: 'x' })).toEqual([
      `${url}; did you mean ${name.replace('_FILE', '')}?`,
      port,
    ]);
  expect(await faultsOf(config, { TARGET_URL: 'planted-canary', SOURCE_URI: '' })).toEqual([url, port]);
});

test('a variable of a program that is not set is told so too, and not with another one that the program reads', () => {
  const needed = { rule: variableRules.anyText, preset: undefined, about: '' };
  const table = { SHOP_A_URL: needed, SHOP_B_URL: needed, SHOP_TOKEN: needed };
  const variables = { SHOP_A_URL: 'planted-canary', SHPO_TOKEN: 'planted-canary' };
  const read = () =>
    readVariables(table, openEnvironment({ variables, cwd: '/', defaultEnvFile: '/nowhere/.env' }));
  const told = (name: string) =>
    `${name}: is not set (in the environment, as ${name}_FILE, or in the env file)`;
  expect(read).toThrow(`  ${told('SHOP_B_URL')}\n  ${told('SHOP_TOKEN')}; did you mean SHPO_TOKEN?`);
  expect(read).not.toThrow('planted-canary');
});

test('a variable that does not fit is a fault that does not show it', async () => {
  const faults = await faultsOf(shop({ lanes: env('LANES'), mode: env('MODE') }), {
    LANES: 'canary-lanes',
    MODE: 'canary-mode',
  });
  expect(faults).toEqual([
    `${at}.mode: must be one of "full", "incremental", "live"`,
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
