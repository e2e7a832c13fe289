import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../../../src/recipes/user-table/settings/settings.ts';
import { variables } from '../../../src/recipes/user-table/settings/variables.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { expectEachFault, readingBy } from '../support/settings.ts';

const needed = {
  SOURCE_DB_HOST: 'source',
  SOURCE_DB_NAME: 'myusta_backend',
  SOURCE_DB_USER: 'sync',
  SOURCE_DB_PASSWORD: 'a secret of the source',
  CHAT_DB_HOST: 'chat',
  CHAT_DB_NAME: 'myusta_chatapp',
  CHAT_DB_USER: 'sync',
  CHAT_DB_PASSWORD: 'a secret of the chat',
};

const reading = readingBy(readSettings);
const { read, faultsOf } = reading;

test('UT-1 every variable of the contract is known, with its default', () => {
  expect(read(needed)).toMatchObject({
    source: { host: 'source', port: 5432, database: 'myusta_backend', poolSize: 10, ssl: false },
    chat: { host: 'chat', port: 5432, database: 'myusta_chatapp', poolSize: 10 },
    intervalMs: 60_000,
    patienceMs: 600_000,
    statuses: ['active'],
    deletes: 'deactivate',
    batchSize: 1000,
    retry: { attempts: 3, initialDelayMs: 1000, maxDelayMs: 30_000, factor: 2 },
    reconnectAttempts: 10,
    consecutiveFailures: 5,
    errorRetentionDays: 30,
    http: { host: '127.0.0.1', port: 9000, token: null },
  });
});

/** What no variable of its kind may be. */
const wrong: Readonly<Record<string, readonly string[]>> = {
  integer: ['x', '1.5', '-1', '99999999999', '1e3'],
  number: ['x', '0', '11'],
  choice: ['something else'],
  list: [',', 'a b', '1x;'],
};

test('UT-2 each variable that is missing, malformed or out of range is a fault, and all are told at once', () => {
  expectEachFault(reading, { needed, variables, wrong, malformed: '\0 @' });
});

test('UT-2 the ends of each range are within it', () => {
  for (const [name, { rule }] of Object.entries(variables)) {
    if (rule.kind !== 'integer' && rule.kind !== 'number') continue;
    const others = { RETRY_INITIAL_DELAY: '1', RETRY_MAX_DELAY: '3600000' };
    for (const value of [rule.min, rule.max])
      expect(faultsOf({ ...needed, ...others, [name]: String(value) }), `${name}=${value}`).toEqual([]);
    for (const value of [rule.min - 1, rule.max + 1])
      expect(faultsOf({ ...needed, [name]: String(value) }), `${name}=${value}`).toHaveLength(1);
  }
});

test('UT-3 seconds win over minutes, and what is wrong together is a fault', () => {
  expect(read({ ...needed, SYNC_INTERVAL_MINUTES: '5' }).intervalMs).toBe(300_000);
  expect(read({ ...needed, SYNC_INTERVAL_MINUTES: '5', SYNC_INTERVAL_SECONDS: '20' }).intervalMs).toBe(
    20_000,
  );
  expect(read({ ...needed, SYNC_INTERVAL_MINUTES: '60' }).patienceMs).toBe(3 * 3_600_000);
  expect(faultsOf({ ...needed, RETRY_INITIAL_DELAY: '500', RETRY_MAX_DELAY: '100' })).toEqual([
    expect.stringContaining('RETRY_MAX_DELAY'),
  ]);
  expect(faultsOf({ ...needed, ALERT_EMAIL_HOST: 'mail' })).toHaveLength(2);
  for (const [given, lacks] of [
    ['ALERT_EMAIL_TO', 'ALERT_EMAIL_HOST'],
    ['ALERT_EMAIL_USER', 'ALERT_EMAIL_PASSWORD'],
    ['ALERT_EMAIL_PASSWORD', 'ALERT_EMAIL_USER'],
    ['ALERT_WEBHOOK_SECRET', 'ALERT_WEBHOOK_URL'],
  ] as const)
    expect(faultsOf({ ...needed, [given]: 'a@b' })).toEqual([`${lacks}: is needed with ${given}`]);
});

test('UT-2 UT-3 what is wrong between variables is told together with what is wrong with others', () => {
  const { SOURCE_DB_HOST: _none, ...others } = needed;
  const between = {
    HTTP_HOST: '0.0.0.0',
    RETRY_INITIAL_DELAY: '500',
    RETRY_MAX_DELAY: '100',
    ALERT_EMAIL_HOST: 'mail',
    ALERT_EMAIL_TO: 'a@b',
  };
  expect(faultsOf({ ...others, ...between, CHAT_DB_PORT: 'x' })).toEqual([
    expect.stringMatching(/^SOURCE_DB_HOST: is not set/),
    expect.stringMatching(/^CHAT_DB_PORT: must be/),
    'RETRY_MAX_DELAY: must not be less than RETRY_INITIAL_DELAY',
    'HTTP_TOKEN: is needed when HTTP_HOST can be reached by others',
    'ALERT_EMAIL_FROM: is needed with ALERT_EMAIL_HOST',
  ]);
});

test('UT-3 a variable that is wrong by itself is not held against others', () => {
  expect(faultsOf({ ...needed, RETRY_INITIAL_DELAY: 'x', RETRY_MAX_DELAY: '1' })).toEqual([
    expect.stringMatching(/^RETRY_INITIAL_DELAY: must be/),
  ]);
  expect(faultsOf({ ...needed, HTTP_HOST: '0.0.0.0', HTTP_TOKEN: 'short' })).toEqual([
    expect.stringMatching(/^HTTP_TOKEN: must be/),
  ]);
});

test('UT-4 secrets come from files too, and no fault and no print holds one', async () => {
  await using directory = await temporaryDirectory();
  writeFileSync(join(directory.path, 'password'), ' with blanks \n');
  const { SOURCE_DB_PASSWORD: _none, ...others } = needed;
  expect(faultsOf({ ...others, SOURCE_DB_PASSWORD_FILE: '/no/such/file' })).toEqual([
    expect.stringMatching(/^SOURCE_DB_PASSWORD_FILE: could not be read/),
  ]);
  const settings = read({ ...others, SOURCE_DB_PASSWORD_FILE: 'password' }, directory.path);
  expect(settings.source.password.reveal()).toBe(' with blanks ');
  expect(JSON.stringify(settings)).not.toContain('a secret of the chat');
  expect(faultsOf({ ...needed, HTTP_TOKEN: 'too short a on' }).join()).not.toContain('too short');
  const secret = Object.entries(variables).filter(([, { rule }]) => rule.kind === 'text');
  for (const [name, variable] of secret)
    expect('secret' in variable, name).toBe(/PASSWORD|TOKEN|SECRET|_URL/.test(name));
});

test('UT-1 the operator’s page names every variable with its default', () => {
  const page = readFileSync(new URL('../../../docs/recipes/user-table.md', import.meta.url), 'utf8');
  for (const [name, { preset }] of Object.entries(variables)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
    expect(row, name).toContain(preset === undefined ? 'needed' : preset === null ? 'none' : preset);
  }
});
