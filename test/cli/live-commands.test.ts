import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SecretText } from '../../src/index.ts';
import { createSealer } from '../../src/service/letters/seal.ts';
import { Keyring } from '../../src/store/secrets/keyring.ts';
import { readSealingKey } from '../../src/store/secrets/sealing-key.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { letter, putLetters } from '../service/pipeline/fixture.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';
import { answerOf, lockstep, startLockstep } from './lockstep.ts';

const config = `
import { defineConfig, env } from 'lockstep';
const side = { connector: 'postgres', url: 'postgres://app:canary-pass@127.0.0.1:1/shop' } as const;
const live = { mode: 'live', source: side, destination: side, collections: ['orders'], retry: { attempts: 1 } } as const;
export default defineConfig({
  pipelines: { shop: live, stock: { ...live, mode: 'full' } },
  store: { key: env('LOCKSTEP_STORE_KEY') },
});
`;
const storeKey = randomBytes(32).toString('base64');
const env = { LOCKSTEP_STORE_KEY: storeKey };

const openDirectory = (): Promise<TemporaryDirectory> => temporaryDirectory({ 'lockstep.config.ts': config });

async function call(directory: TemporaryDirectory, ...args: readonly string[]) {
  const result = await lockstep([...args, '--json'], { cwd: directory.path, env });
  return { code: result.code, stderr: result.stderr, answer: answerOf(result) };
}

const storeOf = (directory: TemporaryDirectory) =>
  openSqliteStore({ path: join(directory.path, '.lockstep', 'lockstep.db') });

function sealed(row: Readonly<Record<string, string>>): Uint8Array | null {
  const key = readSealingKey(new SecretText(storeKey));
  if ('fault' in key) throw new Error(key.fault);
  return createSealer(Keyring.of([key])).seal(row, { pipeline: 'shop', collection: 'orders', key: '["1"]' });
}

test('dead letters are listed, shown with their row, and discarded', async () => {
  await using directory = await openDirectory();
  await using store = await storeOf(directory);
  const [first = 0, second = 0] = await putLetters(store, [
    letter('["1"]', { sealed: sealed({ name: 'Ada' }) }),
    letter('["2"]'),
  ]);
  expect(await call(directory, 'dead-letters', 'shop', 'list', '--limit', '1')).toMatchObject({
    code: 0,
    answer: { command: 'dead-letters', result: { letters: [{ id: first, key: '["1"]' }], next: first } },
  });
  expect(await call(directory, 'dead-letters', 'shop', 'show', String(first))).toMatchObject({
    code: 0,
    answer: { result: { id: first, row: { name: 'Ada' }, withheld: null } },
  });
  const text = await lockstep(['dead-letters', 'shop', 'list'], { cwd: directory.path, env });
  expect(text.stdout).toMatch(
    /id +collection +key +state +attempts +last tried +why\n +\d+ +orders +\["1"\] +parked/,
  );
  expect(text.stdout).not.toContain('Ada');
  expect(await call(directory, 'dead-letters', 'shop', 'discard', String(second))).toMatchObject({
    code: 0,
    answer: { result: { discarded: 1, request: null } },
  });
  expect(await call(directory, 'dead-letters', 'shop', 'show', String(second))).toMatchObject({
    code: 3,
    answer: { error: { code: 'letter-unknown' } },
  });
  expect(await call(directory, 'status')).toMatchObject({
    code: 2,
    answer: { result: [{ deadLetters: [{ collection: 'orders', count: 1, deferred: 0 }] }, {}] },
  });
});

test('pause, resume and resync are kept for an engine, and say that none runs', async () => {
  await using directory = await openDirectory();
  expect(await call(directory, 'pause', 'shop', '--reason', 'index')).toMatchObject({
    code: 0,
    answer: { result: { reason: 'index', engineRuns: false } },
  });
  const people = await lockstep(['status', 'shop'], { cwd: directory.path, env });
  expect(people.stdout).toMatch(/^shop: paused since .*: index\n/);
  expect(people.stdout).toMatch(/next: lockstep resume shop, then lockstep start/);
  expect(await call(directory, 'resume', 'shop')).toMatchObject({ answer: { result: { wasPaused: true } } });
  expect(await call(directory, 'resync', 'shop', 'orders')).toMatchObject({
    code: 0,
    answer: { result: { kind: 'resync', state: 'waiting', engineRuns: false } },
  });
  expect(await call(directory, 'verify', 'shop', '--repair', '--no-wait')).toMatchObject({
    answer: { result: { kind: 'compare', state: 'waiting' } },
  });
  const status = await lockstep(['status', 'shop'], { cwd: directory.path, env });
  expect(status.stdout).toMatch(/request 1: resync, waiting, asked .* ago\n.*request 2: compare, waiting/);
});

test.each(['pause', 'resume', 'resync'])('%s of a pipeline that is not live says so', async (verb) => {
  await using directory = await openDirectory();
  expect(await call(directory, verb, 'stock')).toMatchObject({
    code: 3,
    answer: { error: { code: 'pipeline-not-live' } },
  });
});

test('status --watch tells again and again, and ends with Ctrl-C as status does', async () => {
  await using directory = await openDirectory();
  await using child = startLockstep(['status', 'shop', '--watch', '--json'], { cwd: directory.path, env });
  await expect.poll(() => child.stdout.split('\n').length, { timeout: 20_000 }).toBeGreaterThan(2);
  const ended = await child.kill('SIGINT');
  expect(ended.code).toBe(0);
  const lines = ended.stdout.trimEnd().split('\n');
  for (const line of lines)
    expect(JSON.parse(line)).toMatchObject({ ok: true, command: 'status', result: [{ pipeline: 'shop' }] });
});

test('start logs JSON lines, answers HTTP, waits for servers that are away, and drains on SIGTERM', async () => {
  await using directory = await openDirectory();
  const token = 'canary-token-of-the-server';
  const readToken = 'canary-token-for-reading';
  const file = await directory.write('read-token', `${readToken}\n`);
  await using child = startLockstep(['start', '--http', '127.0.0.1:0', '--read-token-file', file], {
    cwd: directory.path,
    env: { ...env, LOCKSTEP_TOKEN: token },
  });
  const started: { http: string } = JSON.parse(await child.waitForLine('"msg":"started"'));
  const ask = (path: string, options: RequestInit = {}, as = token) =>
    fetch(`${started.http}${path}`, { ...options, headers: { authorization: `Bearer ${as}` } });
  await child.waitForLine('connection-refused');
  expect((await fetch(`${started.http}/healthz`)).status).toBe(200);
  expect((await fetch(`${started.http}/readyz`)).status).toBe(401);
  expect((await ask('/readyz')).status).toBe(503);
  const pause = { method: 'POST', body: JSON.stringify({ reason: 'why' }) };
  expect((await ask('/api/v1/pipelines', {}, readToken)).status).toBe(200);
  expect((await ask('/api/v1/pipelines/shop/pause', pause, readToken)).status).toBe(403);
  expect((await ask('/api/v1/pipelines/shop/pause', pause)).status).toBe(200);
  expect((await ask('/api/v1/pipelines/shop/resume', { method: 'POST' })).status).toBe(200);
  expect(await (await ask('/metrics')).text()).toMatch(
    /lockstep_retries_total\{pipeline="shop",code="connection-refused"\} [1-9]/,
  );
  const ended = await child.kill('SIGTERM');
  expect(ended.code).toBe(0);
  const lines = ended.stdout.trimEnd().split('\n');
  for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: expect.any(String) });
  expect(lines.at(-1)).toMatch(/"msg":"stopped"/);
  expect(ended.stdout + ended.stderr).not.toContain('canary');
});

test('start --json ends with its result, and Ctrl-C is told apart from SIGTERM', async () => {
  await using directory = await openDirectory();
  await using child = startLockstep(['start', 'shop', '--no-http', '--json'], { cwd: directory.path, env });
  await child.waitForLine('connection-refused');
  const ended = await child.kill('SIGINT');
  expect(ended.code).toBe(130);
  expect(answerOf(ended)).toMatchObject({
    command: 'start',
    result: [{ pipeline: 'shop', ended: 'drained' }],
  });
});

test.each([
  ['an address that others reach without a token', ['--http', '0.0.0.0:0'], 'token-needed'],
  ['a token file that is not there', ['--token-file', 'none'], 'usage'],
])('start refuses %s before anything begins', async (_, args, code) => {
  await using directory = await openDirectory();
  expect(await call(directory, 'start', ...args)).toMatchObject({ code: 3, answer: { error: { code } } });
});

test('a store key that is none is a fault, and is not shown', async () => {
  await using directory = await openDirectory();
  const result = await lockstep(['status', '--json'], {
    cwd: directory.path,
    env: { LOCKSTEP_STORE_KEY: 'planted-canary' },
  });
  expect(result.code).toBe(3);
  expect(result.stderr).toContain('store.key: must be 32 bytes as base64 or hex');
  expect(result.stdout + result.stderr).not.toContain('planted-canary');
});
