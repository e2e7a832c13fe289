import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lockstep, startLockstep } from '../cli/lockstep.ts';
import { newKey } from '../service/secrets/fixture.ts';
import type { Child, ChildResult } from '../support/child.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import type { Canary } from './forms.ts';

/** One secret for every place that takes one. */
export const secrets = {
  sourceUrl: 'canary/öne p@ss',
  passwordFile: 'canary-two+2=%41',
  envFile: 'canary three "3"',
  wrong: 'canary-four-wrong',
  sslKey: 'canary-five-ssl-key',
  token: 'canary-six-token-of-http',
  readToken: 'canary-seven-token-for-reading',
  stored: 'canary-eight of/stored connections',
  fileReference: 'canary-nine/in a file',
  newerKey: newKey(),
  formerKey: newKey(),
} as const;

export const canaries: readonly Canary[] = Object.entries(secrets).map(([name, secret]) => ({
  name,
  secret,
}));

/** What the poisoned rows hold. */
export const rowCanaries: readonly Canary[] = [{ name: 'row', secret: 'canary-value-of-a-row' }];

const config = (slot: string) => `
import { defineConfig, env, file, stored } from 'lockstep';
const source = { connector: 'postgres', url: env('SOURCE_URL'), capture: { kind: 'logical', slot: '${slot}' } } as const;
const destination = { connector: 'postgres', url: env('DESTINATION_URL'), password: env('DESTINATION_PASSWORD') } as const;
const common = { collections: ['public.items'], create: true, retry: { attempts: 2, initialDelayMs: 20, maxDelayMs: 100 } } as const;
const shop = { ...common, mode: 'live', source, destination, stream: { breakerPauseMs: 100 } } as const;
export default defineConfig({
  pipelines: {
    shop,
    stock: { ...common, source, destination: { connector: 'postgres', url: file('stock-url'), schema: 'stock' }, collections: { 'public.items': { target: 'stock.items' } } },
    wrong: { ...common, source: { ...source, password: env('WRONG_PASSWORD') }, destination },
    tls: { ...common, source: { ...source, ssl: { key: '${secrets.sslKey}', rejectUnauthorized: false } }, destination },
    kept: { ...common, source: { connector: 'postgres', url: stored('kept') }, destination: { ...destination, schema: 'stock' }, collections: { 'public.items': { target: 'stock.kept' } } },
    away: { ...shop, source: { connector: 'postgres', url: 'postgres://app:${encodeURIComponent(secrets.sourceUrl)}@127.0.0.1:1/a' } },
  },
});
`;

export interface Life extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  readonly roles: Readonly<Record<'source' | 'target' | 'stored' | 'stock', string>>;
  readonly directory: TemporaryDirectory;
  readonly stateDirectory: string;
  run(...args: readonly string[]): ReturnType<typeof lockstep>;
  start(...args: readonly string[]): Child;
  writeKeys(...keys: readonly string[]): Promise<void>;
  /** As `lockstep connections set kept` has it on stdin. */
  readonly storedUrl: string;
  /** Stores a connection. */
  store(name: string, url: string): Promise<ChildResult>;
}

/** Two databases whose roles need their passwords, and a configuration in which every secret stands somewhere. */
export async function openLife(): Promise<Life> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const attributes = 'SUPERUSER REPLICATION';
  const roles = {
    source: await source.createRole({ password: secrets.sourceUrl, attributes }),
    target: await target.createRole({ password: secrets.passwordFile, attributes }),
    stored: await source.createRole({ password: secrets.stored, attributes }),
    stock: await target.createRole({ password: secrets.fileReference, attributes }),
  };
  await source.query(`CREATE TABLE items (id int PRIMARY KEY, note text);
    INSERT INTO items SELECT n, 'n' || n FROM generate_series(1, 50) AS n`);
  await target.query('CREATE SCHEMA stock');
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': config(source.name) }));
  await directory.write(
    'stock-url',
    `${target.urlFor({ user: roles.stock, password: secrets.fileReference })}\n`,
  );
  const env = await writeSecrets(directory, {
    SOURCE_URL: source.urlFor({ user: roles.source, password: secrets.sourceUrl }),
    DESTINATION_URL: target.urlFor({ user: roles.target }),
  });
  const kept = opened.move();
  const options = { cwd: directory.path, env };
  return {
    source,
    target,
    roles,
    directory,
    stateDirectory: join(directory.path, '.lockstep'),
    run: (...args) => lockstep(args, options),
    start: (...args) => startLockstep(args, options),
    writeKeys: (...keys) => writeKeys(directory, keys),
    storedUrl: source.urlFor({ user: roles.stored, password: secrets.stored }),
    store: async (name, url) => {
      await using child = startLockstep(['connections', 'set', name], options);
      child.write(url);
      child.endInput();
      return await child.ended;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function writeSecrets(
  directory: TemporaryDirectory,
  urls: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  await directory.write('.env', `WRONG_PASSWORD='${secrets.envFile}'\n`);
  await writeKeys(directory, [secrets.formerKey]);
  return {
    ...urls,
    DESTINATION_PASSWORD_FILE: await directory.write('password', `${secrets.passwordFile}\n`),
    LOCKSTEP_KEYS_FILE: join(directory.path, 'keys'),
    LOCKSTEP_TOKEN: secrets.token,
    LOCKSTEP_READ_TOKEN: secrets.readToken,
    LOCKSTEP_DEBUG: '1',
  };
}

async function writeKeys(directory: TemporaryDirectory, keys: readonly string[]): Promise<void> {
  const file = join(directory.path, 'keys');
  await writeFile(`${file}.new`, keys.join('\n'));
  await rename(`${file}.new`, file);
}
