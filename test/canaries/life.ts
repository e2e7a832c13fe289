import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { lockstep, startLockstep } from '../cli/lockstep.ts';
import { newKey } from '../service/secrets/fixture.ts';
import type { Child, ChildResult } from '../support/child.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import type { Canary } from './forms.ts';
import { alertsText, openReceivers, type Receivers, urlsWith } from './receivers.ts';

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
  storeUrl: 'canary-ten/öf the store',
  webhook: 'canary-eleven of-a-webhook',
  signing: 'canary-twelve-that-signs',
  slack: 'canary-thirteen/of-a-chat',
  mailPassword: 'canary fourteen "of mail"',
  newerKey: newKey(),
  formerKey: newKey(),
} as const;

export const canaries: readonly Canary[] = Object.entries(secrets).map(([name, secret]) => ({
  name,
  secret,
}));

/** What the poisoned rows hold. */
export const rowCanaries: readonly Canary[] = [{ name: 'row', secret: 'canary-value-of-a-row' }];

interface Configured {
  readonly slot: string;
  readonly receivers: Receivers;
  readonly storeKind: StoreKind;
}

const config = ({ slot, receivers, storeKind }: Configured) => `
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
  alerts: ${alertsText(receivers, secrets.signing)},
${storeKind === 'PostgreSQL' ? "  store: { url: env('STORE_URL') },\n" : ''}});
`;

/** Where the control store is. */
export type StoreKind = 'a file' | 'PostgreSQL';

export interface Life extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Null: it is a file. */
  readonly store: TestDatabase | null;
  readonly receivers: Receivers;
  readonly roles: Readonly<Record<'source' | 'target' | 'stored' | 'stock', string>>;
  readonly directory: TemporaryDirectory;
  readonly stateDirectory: string;
  run(...args: readonly string[]): ReturnType<typeof lockstep>;
  start(...args: readonly string[]): Child;
  writeKeys(...keys: readonly string[]): Promise<void>;
  /** As `lockstep connections set kept` has it on stdin. */
  readonly storedUrl: string;
  /** Stores a connection. */
  keep(name: string, url: string): Promise<ChildResult>;
}

/** Databases whose roles need their passwords, and a configuration in which every secret stands somewhere. */
export async function openLife(storeKind: StoreKind = 'a file'): Promise<Life> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(await createTestDatabase());
  const target = opened.use(await createTestDatabase());
  const store = storeKind === 'a file' ? null : opened.use(await createTestDatabase());
  const receivers = opened.use(await openReceivers());
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
  const text = config({ slot: source.name, receivers, storeKind });
  const directory = opened.use(await temporaryDirectory({ 'lockstep.config.ts': text }));
  const told = urlsWith(receivers, secrets);
  await directory.write('slack-url', `${told.slack}\n`);
  await directory.write(
    'stock-url',
    `${target.urlFor({ user: roles.stock, password: secrets.fileReference })}\n`,
  );
  const env = await writeSecrets(directory, {
    SOURCE_URL: source.urlFor({ user: roles.source, password: secrets.sourceUrl }),
    DESTINATION_URL: target.urlFor({ user: roles.target }),
    WEBHOOK_URL: told.webhook,
    ...(store === null ? {} : { STORE_URL: await urlOfStore(store) }),
  });
  const kept = opened.move();
  const options = { cwd: directory.path, env };
  return {
    source,
    target,
    store,
    receivers,
    roles,
    directory,
    stateDirectory: join(directory.path, '.lockstep'),
    run: (...args) => lockstep(args, options),
    start: (...args) => startLockstep(args, options),
    writeKeys: (...keys) => writeKeys(directory, keys),
    storedUrl: source.urlFor({ user: roles.stored, password: secrets.stored }),
    keep: async (name, url) => {
      await using child = startLockstep(['connections', 'set', name], options);
      child.write(url);
      child.endInput();
      return await child.ended;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** As a role that may make our schema, and nothing else. */
async function urlOfStore(store: TestDatabase): Promise<string> {
  const user = await store.createRole({ password: secrets.storeUrl });
  await store.query(`GRANT CREATE ON DATABASE ${store.name} TO ${pg.escapeIdentifier(user)}`);
  return store.urlFor({ user, password: secrets.storeUrl });
}

async function writeSecrets(
  directory: TemporaryDirectory,
  urls: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const variables = { WRONG_PASSWORD: secrets.envFile, MAIL_PASSWORD: secrets.mailPassword };
  const lines = Object.entries(variables).map(([name, secret]) => `${name}='${secret}'\n`);
  await directory.write('.env', lines.join(''));
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
