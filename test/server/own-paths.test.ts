import { expect, test } from 'vitest';
import { isLockstepError, openOwnPaths, SecretText } from '../../src/index.ts';
import { ask } from './ask.ts';

const paths = {
  '/health': () => ({ status: 503, type: 'application/json', body: '{"status":"UNHEALTHY"}' }),
  '/broken': () => {
    throw new Error('a defect');
  },
};

const get = (url: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
  ask(url, { method: 'GET', path, headers });

const codeOf = (opening: Promise<unknown>): Promise<string | undefined> =>
  opening.then(
    () => undefined,
    (thrown: unknown) => (isLockstepError(thrown) ? thrown.code : 'internal'),
  );

test('answers its own paths, and says what is wrong with others', async () => {
  await using server = await openOwnPaths({ host: '127.0.0.1', port: 0, token: null, secrets: [], paths });
  expect(await get(server.url, '/health')).toMatchObject({ status: 503, body: { status: 'UNHEALTHY' } });
  expect((await get(server.url, '/health')).headers).toMatchObject({
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(await get(server.url, '/elsewhere')).toMatchObject({
    status: 404,
    body: { code: 'http-not-found' },
  });
  expect(await get(server.url, '/broken')).toMatchObject({ status: 500, body: { code: 'internal' } });
});

test('a page in a browser of this machine gets nothing, by whatever name it calls us', async () => {
  await using server = await openOwnPaths({ host: '127.0.0.1', port: 0, token: null, secrets: [], paths });
  const answer = await get(server.url, '/health', { host: 'evil.example' });
  expect(answer).toMatchObject({ status: 403, body: { code: 'http-host-refused' } });
});

test('an address that others reach needs a token, of sixteen characters at least', async () => {
  const open = (text: string | null) =>
    openOwnPaths({
      host: '0.0.0.0',
      port: 0,
      token: text === null ? null : new SecretText(text),
      secrets: [],
      paths,
    });
  expect(await codeOf(open(null))).toBe('token-needed');
  expect(await codeOf(open('too short'))).toBe('token-needed');
  await using server = await open('a-token-of-length-24-xyz');
  const url = server.url.replace('0.0.0.0', '127.0.0.1');
  const asked = async (authorization?: string) =>
    (await get(url, '/health', authorization === undefined ? {} : { authorization })).status;
  expect(await asked()).toBe(401);
  expect(await asked('Bearer a-token-of-length-24-xyy')).toBe(401);
  expect(await asked('Bearer a-token-of-length-24-xyz')).toBe(503);
});

test('no answer shows a secret or the token, not one that fails either; names that are in the open stay', async () => {
  const token = 'a-token-of-length-24-xyz';
  const password = 'hunter2 & more';
  const quoting = {
    '/status': () => {
      const reason = `${token}: connect postgres://sync:${encodeURIComponent(password)}@db/users as users`;
      return { status: 200, type: 'application/json', body: JSON.stringify({ reason }) };
    },
    '/broken': () => {
      throw new Error(`can't log in with ${password}`);
    },
  };
  await using server = await openOwnPaths({
    host: '127.0.0.1',
    port: 0,
    token: new SecretText(token),
    secrets: [new SecretText(password), new SecretText('users')],
    publicWords: ['users'],
    paths: quoting,
  });
  const authorization = `Bearer ${token}`;
  expect(await get(server.url, '/status', { authorization })).toMatchObject({
    body: { reason: '[secret]: connect postgres://sync:[secret]@db/users as users' },
  });
  const broken = await get(server.url, '/broken', { authorization });
  expect(broken.status).toBe(500);
  expect(broken.text).toContain('[secret]');
  expect(broken.text).not.toContain('hunter2');
});

test('a port that is taken is told', async () => {
  await using server = await openOwnPaths({ host: '127.0.0.1', port: 0, token: null, secrets: [], paths });
  const port = Number(new URL(server.url).port);
  expect(await codeOf(openOwnPaths({ host: '127.0.0.1', port, token: null, secrets: [], paths }))).toBe(
    'listen-failed',
  );
});
