import { inspect } from 'node:util';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createLockstep } from '../../src/index.ts';
import { routes } from '../../src/server/app.ts';
import { keyIdOf } from '../service/secrets/fixture.ts';
import { findCanaries } from './forms.ts';
import { canaries, type Life, openLife, rowCanaries, type StoreKind, secrets } from './life.ts';
import { sentBy, urlsWith } from './receivers.ts';
import { type Asked, lettersOf, type Service, startService, statusOf } from './service.ts';
import { StateWatch } from './state-watch.ts';
import { everythingStored } from './stored.ts';

const everything = [...canaries, ...rowCanaries];
const value = rowCanaries[0]?.secret ?? '';
const eventually = <T>(look: () => T | Promise<T>) => expect.poll(look, { timeout: 60_000 });
const expectNone = (output: string, what: string) => expect(findCanaries(canaries, output), what).toEqual([]);

test('commands let no secret out, whether they succeed or fail (rule 8)', { timeout: 240_000 }, async () => {
  await using life = await openLife();
  using state = new StateWatch(life.stateDirectory, canaries);
  const missing = await life.run('check');
  expect([missing.code, missing.stderr]).toEqual([3, expect.stringContaining('no connection kept')]);
  for (const [name, url] of [
    ['kept', life.storedUrl],
    ['refused', life.source.urlFor({ user: life.roles.source, password: secrets.stored })],
    ['away', life.storedUrl.replace(/:\d+\//, ':1/')],
    ['my shop', life.storedUrl],
    ['nonsense', secrets.stored],
  ] as const) {
    const { code, stdout, stderr } = await life.keep(name, url);
    expectNone(stdout + stderr, `connections set ${name}`);
    expect.soft(code, `${name}: ${stderr}`).toBe(['my shop', 'nonsense'].includes(name) ? 3 : 0);
  }
  const expected: readonly (readonly [number, ...string[]])[] = [
    [4, 'check'],
    [0, 'check', 'stock'],
    [2, 'plan', 'stock'],
    [0, 'run', 'stock'],
    [0, 'verify', 'stock'],
    [0, 'run', 'shop'],
    [4, 'run', 'wrong'],
    [4, 'plan', 'tls'],
    [4, 'run', 'away'],
    [3, 'run', secrets.wrong],
    [3, 'run', '--nothing', secrets.wrong],
    [0, 'status', 'shop'],
    [0, 'run', 'kept'],
    [0, 'verify', 'kept'],
    [0, 'connections', 'list'],
    [0, 'connections', 'test', 'kept'],
    [4, 'connections', 'test', 'refused'],
    [4, 'connections', 'test', 'away'],
    [3, 'connections', 'set', 'kept', life.storedUrl],
    [3, 'connections', 'set', life.storedUrl],
    [3, 'connections', 'remove', 'kept'],
    [0, 'connections', 'remove', 'away'],
    [0, 'secrets', 'list'],
    [0, 'secrets', 'verify'],
    [0, 'secrets', 'rotate'],
    [4, 'alerts', 'test'],
    [2, 'alerts', 'list'],
    [3, 'alerts', 'test', secrets.wrong],
    [0, 'remove', 'stock', '--yes'],
  ];
  for (const [index, [code, ...args]] of expected.entries()) {
    // Every other one as JSON; both go through the same filter.
    const result = await life.run(...args, ...(index % 2 === 0 ? ['--json'] : []));
    const output = result.stdout + result.stderr;
    const own = args.includes(secrets.wrong) ? output.replaceAll(secrets.wrong, '') : output;
    expectNone(own, args.join(' '));
    expect.soft(result.code, `${args.join(' ')}: ${output.slice(0, 600)}`).toBe(code);
  }
  expectNone(sentBy(life.receivers).join('\n'), 'what the webhook was sent');
  expect(state.found).toEqual([]);
});

test.each<StoreKind>(['a file', 'PostgreSQL'])(
  'a service with its store in %s lets no secret and no value out, through trouble, poison and changes of keys (rule 8)',
  {
    timeout: 240_000,
  },
  async (storeKind) => {
    await using life = await openLife(storeKind);
    using state = new StateWatch(life.stateDirectory, everything);
    const out: string[] = [];
    expect((await life.keep('kept', life.storedUrl)).code).toBe(0);
    await untilRefused(life, out);
    await using service = await startService(life, out);
    await eventually(() => statusOf(life)).toBe('live');
    await changeKeys(life, service);
    out.push(...(await everythingStored(life)), ...sentBy(life.receivers));
    out.push((await life.run('dead-letters', 'shop', 'list')).stdout);
    // The pipeline whose server is away may have been refused at this very moment.
    expect([0, 4]).toContain((await service.stop()).code);
    expect(findCanaries(everything, out.join('\n'))).toEqual([]);
    expect(state.found).toEqual([]);
    if (storeKind === 'a file') expect(state.seen).toContain('lockstep.db');
  },
);

test('errors of the library name no secret, however deep they are printed (rule 8)', {
  timeout: 120_000,
}, async () => {
  await using life = await openLife();
  const refused = (password: string) => ({
    connector: 'postgres' as const,
    url: life.source.urlFor({ user: life.roles.source, password }),
  });
  const destination = { connector: 'postgres' as const, url: life.target.url };
  const common = { destination, collections: ['public.items'], create: true, retry: { attempts: 1 } };
  const pipelines = {
    wrong: { ...common, source: refused(secrets.wrong) },
    tls: { ...common, source: { ...refused(secrets.sourceUrl), ssl: { key: secrets.sslKey } } },
    away: {
      ...common,
      source: {
        connector: 'postgres' as const,
        url: `postgres://app:${encodeURIComponent(secrets.sourceUrl)}@127.0.0.1:1/a`,
      },
    },
  };
  const store = { key: [secrets.newerKey, secrets.formerKey] };
  const told = urlsWith(life.receivers, secrets);
  const targets = {
    webhook: { kind: 'webhook' as const, url: told.webhook, secret: secrets.signing },
    slack: { kind: 'slack' as const, url: told.slack },
  };
  await using engine = await createLockstep(
    { pipelines, store, alerts: { targets } },
    { directory: life.directory.path, env: {} },
  );
  expectNone(inspect(engine, { depth: 12, showHidden: true }), 'the engine');
  for (const pipeline of engine.pipelines)
    for (const verb of ['run', 'plan', 'verify'] as const) {
      const thrown: unknown = await engine[verb](pipeline).then(
        () => null,
        (error: unknown) => error,
      );
      expect(thrown).toBeInstanceOf(Error);
      expectNone(inspect(thrown, { depth: 12, showHidden: true }), pipeline);
      expectNone(JSON.stringify(thrown), pipeline);
    }
});

/** It lives, meets poison, and ends because its passwords were changed. */
async function untilRefused(life: Life, out: string[]): Promise<void> {
  await using service = await startService(life, out);
  await eventually(() => statusOf(life)).toBe('live');
  await poison(life);
  await eventually(() => lettersOf(life)).toHaveLength(2);
  for (const message of undelivered) await eventually(() => service.child.stdout).toMatch(message);
  await askEverything(service.asked);
  await changePasswords(life, 'somebody-changed-it');
  await eventually(() => service.child.stdout).toContain('authentication-failed');
  await askEverything(service.asked);
  await changePasswords(life, null);
  expect((await service.stop()).code).toBe(4);
}

/** What each target of alerts answers, whichever alert is told first. */
const undelivered = [
  /webhook was not told \w+ firing: it answered 403/,
  /slack was not told \w+ firing: it can’t be reached \(ECONNREFUSED\)/,
  /email was not told \w+ firing: it answered 535 \(EAUTH\)/,
];

/** A new key is learned from its file when a row is sealed; then everything is sealed with it, and the former one goes. */
async function changeKeys(life: Life, { child, asked }: Service): Promise<void> {
  await life.writeKeys(secrets.newerKey, secrets.formerKey);
  await life.source.query(`INSERT INTO items VALUES (1003, 'bad ${value}')`);
  await eventually(() => child.stdout).toContain(`keys were read again: ${keyIdOf(secrets.newerKey)}`);
  expect(await asked('/api/v1/secrets/rotate', { method: 'POST', ...withToken })).toBe(200);
  await life.writeKeys(secrets.newerKey);
  const verified = async () => (await life.run('secrets', 'verify')).stdout;
  await eventually(verified).toBe('4 sealed values can be opened\n');
  const [letter] = await lettersOf(life);
  const { stdout } = await life.run('dead-letters', 'shop', 'show', String(letter), '--json');
  expect(findCanaries(rowCanaries, stdout), 'the one place where values are shown').toEqual(['row']);
  expectNone(stdout, 'a letter');
}

const withToken = { headers: { authorization: `Bearer ${secrets.token}` } };

/** Every route as whoever may ask, with a wrong token, with none, and what there is not. */
async function askEverything(asked: Asked): Promise<void> {
  for (const { path, method = 'get' } of routes) {
    const url = path.replace(':name', 'shop');
    if (path.endsWith('/rotate')) continue;
    expect(await asked(url, { method, ...withToken })).toBeLessThan(504);
    await asked(url, { method });
    await asked(url, { method, headers: { authorization: `Bearer ${secrets.wrong}` } });
  }
  await asked('/api/v1/pipelines/nobody', withToken);
  await asked('/nowhere', withToken);
}

/** Rows that the target refuses; what the server says of them quotes them. */
async function poison({ source, target }: Life): Promise<void> {
  await target.query(`ALTER TABLE items ADD CONSTRAINT no_bad CHECK (note NOT LIKE 'bad%')`);
  await source.query(`INSERT INTO items VALUES (1001, 'bad ${value}'), (1002, 'bad ${value}')`);
}

/** Null: as they were. Sessions that are open end. */
async function changePasswords({ source, target, roles }: Life, password: string | null): Promise<void> {
  const alter = (role: string, own: string) =>
    `ALTER ROLE ${pg.escapeIdentifier(role)} PASSWORD ${pg.escapeLiteral(password ?? own)}`;
  await source.query(alter(roles.source, secrets.sourceUrl));
  await target.query(alter(roles.target, secrets.passwordFile));
  await source.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ANY ('{${roles.source},${roles.target}}')`,
  );
}
