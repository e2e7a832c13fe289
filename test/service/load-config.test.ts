import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { PostgresConfig } from '../../src/connectors/postgres/config.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { SecretText } from '../../src/protocol/secret.ts';
import { loadConfig } from '../../src/service/config/load-config.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';

const json = JSON.stringify({
  pipelines: {
    shop: {
      source: { connector: 'postgres', host: 'h', password: { $env: 'PASSWORD', default: 'from default' } },
      destination: { connector: 'postgres', host: 'h' },
      collections: ['orders'],
    },
  },
});

async function passwordIn(
  directory: TemporaryDirectory,
  options: { env?: Record<string, string>; envFile?: string } = {},
) {
  const config = await loadConfig({ cwd: directory.path, env: options.env ?? {}, envFile: options.envFile });
  const source = config.pipelines.get('shop')?.source.config as PostgresConfig | undefined;
  return source?.password instanceof SecretText ? source.password.reveal() : source?.password;
}

async function failure(work: Promise<unknown>): Promise<LockstepError> {
  const thrown = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (thrown instanceof LockstepError) return thrown;
  throw new Error(`expected a LockstepError, got ${String(thrown)}`);
}

test('a reference takes the first of: environment, its _FILE, env file, its _FILE, default', async () => {
  await using directory = await temporaryDirectory({ 'lockstep.config.json': json });
  expect(await passwordIn(directory)).toBe('from default');
  await directory.write('b', 'from file of env file\n');
  await directory.write('.env', 'PASSWORD_FILE=b');
  expect(await passwordIn(directory)).toBe('from file of env file');
  await directory.write('.env', 'PASSWORD_FILE=b\nPASSWORD="from env file"');
  expect(await passwordIn(directory)).toBe('from env file');
  const a = await directory.write('a', 'from file\r\n');
  expect(await passwordIn(directory, { env: { PASSWORD_FILE: a } })).toBe('from file');
  expect(await passwordIn(directory, { env: { PASSWORD_FILE: 'a' } })).toBe('from file');
  expect(await passwordIn(directory, { env: { PASSWORD_FILE: a, PASSWORD: 'from environment' } })).toBe(
    'from environment',
  );
  expect(await passwordIn(directory, { env: { PASSWORD: '' } })).toBe('from env file');
});

test('only one line break at the end of a file is dropped', async () => {
  await using directory = await temporaryDirectory({ 'lockstep.config.json': json, a: ' two words \n\n' });
  expect(await passwordIn(directory, { env: { PASSWORD_FILE: 'a' } })).toBe(' two words \n');
});

test('another env file takes the place of .env', async () => {
  await using directory = await temporaryDirectory({
    'lockstep.config.json': json,
    '.env': 'PASSWORD=one',
    'other.env': 'PASSWORD=two',
  });
  expect(await passwordIn(directory, { envFile: 'other.env' })).toBe('two');
  const error = await failure(passwordIn(directory, { envFile: 'none.env' }));
  expect(error.code).toBe('env-file-unreadable');
  expect(error.message).toBe(
    `The env file ${join(directory.path, 'none.env')} could not be read: there is no such file`,
  );
});

test('a file that can’t be read is a fault of the configuration', async () => {
  await using directory = await temporaryDirectory({ 'lockstep.config.json': json });
  const error = await failure(passwordIn(directory, { env: { PASSWORD_FILE: 'none' } }));
  expect(error.message).toContain(
    `pipelines.shop.source.password: PASSWORD_FILE could not be read: ${join(directory.path, 'none')}: there is no such file`,
  );
});

const sideOf = (side: object) =>
  JSON.stringify({
    pipelines: {
      shop: {
        source: { connector: 'postgres', ...side },
        destination: { connector: 'postgres', host: 'h' },
        collections: ['orders'],
      },
    },
  });

test('a file that the configuration names holds the value; its path starts beside the configuration', async () => {
  await using directory = await temporaryDirectory({ a: ' two words \n\n' });
  await mkdir(join(directory.path, 'conf'));
  await directory.write(
    'conf/lockstep.config.json',
    sideOf({ host: 'h', port: { $file: 'port' }, password: { $file: '../a' } }),
  );
  await directory.write('conf/port', '5433\n');
  const config = await loadConfig({
    cwd: directory.path,
    path: 'conf/lockstep.config.json',
    env: { PASSWORD: 'x' },
  });
  const source = config.pipelines.get('shop')?.source.config as PostgresConfig;
  expect(source.port).toBe(5433);
  expect(source.password).toBeInstanceOf(SecretText);
  expect(new Set(config.secrets.map((secret) => secret.reveal()))).toEqual(new Set([' two words \n']));
  expect(config.references.slice(0, 2)).toEqual([
    {
      where: 'pipelines.shop.source.port',
      name: 'port',
      from: 'configuration',
      file: join(directory.path, 'conf/port'),
    },
    {
      where: 'pipelines.shop.source.password',
      name: '../a',
      from: 'configuration',
      file: join(directory.path, 'a'),
    },
  ]);
});

test('a named file that is empty, a directory or missing is a fault; all are told at once', async () => {
  await using directory = await temporaryDirectory({
    'lockstep.config.json': sideOf({
      host: 'h',
      database: { $file: 'gone' },
      user: { $file: 'empty' },
      password: { $file: '.' },
    }),
    empty: '\n',
  });
  const error = await failure(loadConfig({ cwd: directory.path, env: {} }));
  expect([error.code, error.exitCode, error.details['count']]).toEqual(['config-invalid', 3, 3]);
  const fault = (key: string, what: string) =>
    `pipelines.shop.source.${key}: the file of file() could not be read: ${what}`;
  expect(error.message).toContain(
    fault(
      'database',
      `${join(directory.path, 'gone')}: there is no such file (a relative path starts beside the configuration)`,
    ),
  );
  expect(error.message).toContain(fault('user', `${join(directory.path, 'empty')} is empty (`));
  expect(error.message).toContain(fault('password', `${directory.path}: it is a directory (`));
});

test('the first of the known names is taken, or the one that is given', async () => {
  await using directory = await temporaryDirectory({ 'lockstep.config.json': json, 'other.json': '[]' });
  expect((await failure(loadConfig({ cwd: directory.path, path: 'other.json', env: {} }))).message).toContain(
    'must be an object, not a list',
  );
  const missing = await failure(loadConfig({ cwd: directory.path, path: 'none.ts', env: {} }));
  expect([missing.code, missing.details]).toEqual([
    'config-not-found',
    { path: join(directory.path, 'none.ts') },
  ]);
  await directory.write('lockstep.config.ts', 'export default 5;');
  expect((await failure(loadConfig({ cwd: directory.path, env: {} }))).message).toContain(
    'must be an object, not a number',
  );
});
