import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/server/app.ts';
import { statusSchema } from '../../src/server/routes/status-schema.ts';
import { createRedactor } from '../../src/service/redact.ts';
import { seal } from '../../src/service/secrets/seal.ts';
import { ask } from './ask.ts';
import { openTestServer } from './server-fixture.ts';

test('health and readiness answer, and readiness says which pipelines are not ready and why', async () => {
  await using server = await openTestServer();
  expect(await server.get('/healthz')).toMatchObject({ status: 200, body: { ok: true, stuck: [] } });
  expect(await server.get('/readyz')).toMatchObject({
    status: 503,
    body: {
      ready: false,
      pipelines: [
        { pipeline: 'shop', ready: false, status: 'starting' },
        { pipeline: 'crm', ready: false, reason: expect.stringMatching(/not in step yet/) },
      ],
    },
  });
});

test('ready means: all were in step once, and are live, idle or healing', async () => {
  await using server = await openTestServer();
  const tell = (pipeline: string, status: 'copying' | 'live' | 'idle' | 'healing' | 'paused' | 'failed') =>
    server.events.emit('status', { pipeline, status, reason: 'because', nextStep: '' });
  const statusAfter = async (...steps: readonly (() => void)[]) => {
    for (const step of steps) step();
    return (await server.get('/readyz')).status;
  };
  expect(await statusAfter(() => tell('shop', 'live'))).toBe(503);
  expect(await statusAfter(() => tell('crm', 'healing'))).toBe(503);
  expect(await statusAfter(() => tell('crm', 'idle'))).toBe(200);
  expect(await statusAfter(() => tell('crm', 'healing'))).toBe(200);
  expect(await statusAfter(() => tell('shop', 'paused'))).toBe(503);
  expect((await server.get('/readyz')).body).toMatchObject({
    pipelines: [
      { pipeline: 'shop', ready: false, status: 'paused', reason: 'because' },
      { ready: true, reason: '' },
    ],
  });
  expect(await statusAfter(() => tell('shop', 'live'))).toBe(200);
  expect(await statusAfter(() => tell('stock', 'failed'))).toBe(200); // Not run by this process.
});

test('pipelines are told as the status verb does, and the schema of the description holds', async () => {
  await using server = await openTestServer();
  await server.store.requests.ask('shop', { kind: 'resync', detail: null, askedAtMs: 1 });
  await server.store.requests.setPaused('shop', { sinceMs: 5, reason: 'why' });
  const all = await server.get('/api/v1/pipelines');
  expect(all).toMatchObject({ status: 200, body: { pipelines: await server.engine.status() } });
  const one = await server.get('/api/v1/pipelines/shop');
  expect(one).toMatchObject({ status: 200, body: { pipeline: 'shop', status: 'paused', reason: 'why' } });
  expect(() => z.fromJSONSchema(statusSchema).parse(one.body)).not.toThrow();
  expect(() => z.fromJSONSchema(statusSchema).parse({ ...Object(one.body), mode: 'x' })).toThrow();
  expect(one.headers['cache-control']).toBe('no-store');
});

test('a pipeline that this process could not begin is told as it told it, until somebody owns it', async () => {
  await using server = await openTestServer();
  const told = { status: 'failed' as const, reason: 'connection-refused: away', nextStep: 'again in 4 s' };
  server.events.emit('status', { pipeline: 'shop', ...told });
  expect((await server.get('/api/v1/pipelines/shop')).body).toMatchObject(told);
  expect((await server.get('/metrics')).text).toContain('lockstep_status{pipeline="shop",status="failed"} 1');
  await server.store.leases.acquire({ pipeline: 'shop', owner: 'node-a', durationMs: 60_000 });
  expect((await server.get('/api/v1/pipelines/shop')).body).toMatchObject({ status: 'starting' });
});

test('what goes wrong is a problem with code, cause and cure', async () => {
  await using server = await openTestServer();
  const unknown = await server.get('/api/v1/pipelines/shpo');
  expect(unknown).toMatchObject({
    status: 404,
    headers: { 'content-type': 'application/problem+json' },
    body: {
      type: 'docs/reference/errors.md#pipeline-unknown',
      title: expect.stringMatching(/did you mean shop\?/),
      status: 404,
      code: 'pipeline-unknown',
      cause: expect.any(String),
      cure: expect.any(String),
    },
  });
  expect(await server.get('/nowhere')).toMatchObject({ status: 404, body: { code: 'http-not-found' } });
});

test('the description names every route, and only /healthz is open', async () => {
  await using server = await openTestServer();
  const { body } = await server.get('/api/v1/openapi.json');
  const paths = routes.map(({ path }) => path.replace(/:(\w+)/g, '{$1}'));
  expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Lockstep' } });
  const described: Record<string, Record<string, { security: unknown[] }>> = Object(body).paths;
  const operations = Object.entries(described).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  expect(operations.map(({ path }) => path)).toEqual(paths);
  expect(operations.map(({ method }) => method)).toEqual(routes.map(({ method = 'get' }) => method));
  const open = operations.filter(({ security }) => security.length === 0);
  expect(open.map(({ path }) => path)).toEqual(['/healthz']);
});

test.each(['evil.example', 'evil.example:7878', '127.0.0.1.evil.example', '[::2]:80', 'localhost.evil'])(
  'bound to this machine, a request for the host %j is refused',
  async (host) => {
    await using server = await openTestServer();
    const answer = await server.get('/api/v1/pipelines', { host });
    expect(answer).toMatchObject({ status: 403, body: { code: 'http-host-refused' } });
  },
);

test.each(['127.0.0.1:1', 'localhost', 'LOCALHOST:7878', '[::1]:7878', '127.8.9.1'])(
  'the host %j is ours',
  async (host) => {
    await using server = await openTestServer();
    expect((await server.get('/healthz', { host })).status).toBe(200);
  },
);

const token = 'a-token-of-twenty-eight-chars';

test('with a token everything but /healthz needs it', async () => {
  await using server = await openTestServer({ address: { host: '0.0.0.0', port: 0 }, token });
  expect((await server.get('/healthz', { host: 'any.example' })).status).toBe(200);
  for (const { path, method } of routes.filter((route) => route.path !== '/healthz')) {
    const refused = await (method === 'post' ? server.post(path) : server.get(path));
    expect(refused).toMatchObject({ status: 401, body: { code: 'http-unauthorized' } });
    expect(refused.headers['www-authenticate']).toBe('Bearer');
  }
  const statusWith = async (authorization: string) =>
    (await server.get('/api/v1/pipelines', { authorization })).status;
  expect(await statusWith(`Bearer ${token}`)).toBe(200);
  expect(await statusWith(`bearer ${token}`)).toBe(200);
  for (const wrong of [`Bearer ${token}x`, `Bearer ${token.slice(1)}`, token, `Basic ${token}`, 'Bearer '])
    expect(await statusWith(wrong)).toBe(401);
});

test.each([null, 'short'])(
  'another address than this machine’s is refused with the token %j',
  async (given) => {
    const opening = openTestServer({ address: { host: '0.0.0.0', port: 0 }, token: given });
    await expect(opening).rejects.toMatchObject({ code: 'token-needed', exitCode: 3 });
  },
);

test('a port that is taken is told', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await expect(openTestServer({ address: { host: '127.0.0.1', port } })).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  other.close();
});

test('no body holds a secret', async () => {
  await using server = await openTestServer({ redact: createRedactor(seal(['canary-reason'])) });
  await server.store.requests.setPaused('shop', { sinceMs: 5, reason: 'canary-reason' });
  server.events.emit('status', { pipeline: 'shop', status: 'failed', reason: 'canary-reason', nextStep: '' });
  for (const path of ['/readyz', '/api/v1/pipelines', '/api/v1/pipelines/shop', '/metrics', '/canary-reason'])
    expect((await server.get(path)).text).not.toMatch(/canary/);
});

const readToken = 'a-token-that-may-only-read';

test.each([{ token }, { token: null }])(
  'the token for reading reads and nothing more, beside %j',
  async (given) => {
    await using server = await openTestServer({ address: { host: '0.0.0.0', port: 0 }, ...given, readToken });
    const authorization = `Bearer ${readToken}`;
    for (const { path, method } of routes.filter((route) => route.path !== '/healthz')) {
      const named = path.replace(':name', 'shpo').replace(':item', '1');
      if (method === 'post')
        expect(await server.post(named, { authorization })).toMatchObject({
          status: 403,
          body: { code: 'http-read-only' },
        });
      else expect([401, 403]).not.toContain((await server.get(named, { authorization })).status);
    }
    expect((await server.get('/api/v1/pipelines')).status).toBe(401);
    expect((await server.post('/api/v1/pipelines/shop/pause')).status).toBe(401);
  },
);

test('a body that is too large is refused unread', async () => {
  await using server = await openTestServer();
  const body = JSON.stringify({ reason: 'x'.repeat(100_000) });
  const answer = await ask(server.url, { method: 'POST', path: '/api/v1/pipelines/shop/pause', body });
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'usage', title: expect.stringMatching(/65536/) },
  });
});
