import { expect, test } from 'vitest';
import { z } from 'zod';
import { routes } from '../../src/server/app.ts';
import { connectionsSchema } from '../../src/server/routes/connections-schema.ts';
import { rotationSchema, secretsSchema, verificationSchema } from '../../src/server/routes/secrets-schema.ts';
import { keyIdOf, newKey, putSealed, sealedWith } from '../service/secrets/fixture.ts';
import { openTestServer } from './server-fixture.ts';

test('keys are listed, verified and rotated over HTTP as the library does it', async () => {
  const [newest, former, gone] = [newKey(), newKey(), newKey()];
  await using server = await openTestServer({ keys: [newest, former] });
  await putSealed(server.store, { a: sealedWith(former, 'a'), b: sealedWith(gone, 'b') });
  const listed = await server.get('/api/v1/secrets');
  expect(listed).toMatchObject({ status: 200, body: await server.engine.secrets.list() });
  expect(() => z.fromJSONSchema(secretsSchema).parse(listed.body)).not.toThrow();
  const rotated = await server.post('/api/v1/secrets/rotate');
  expect(rotated).toMatchObject({
    status: 200,
    body: { keyId: keyIdOf(newest), resealed: 1, unopened: 1 },
  });
  expect(() => z.fromJSONSchema(rotationSchema).parse(rotated.body)).not.toThrow();
  const verified = await server.post('/api/v1/secrets/verify');
  expect(verified).toMatchObject({ status: 200, body: await server.engine.secrets.verify() });
  expect(() => z.fromJSONSchema(verificationSchema).parse(verified.body)).not.toThrow();
  expect(verified.body).toMatchObject({ opened: 1, unopened: 1 });
  for (const { text } of [listed, rotated, verified])
    for (const key of [newest, former]) expect(text).not.toContain(key);
});

test('stored connections are listed over HTTP, by whoever may read, and can’t be changed there', async () => {
  const password = 'planted-canary';
  const [token, readToken] = ['token-of-sixteen-', 'token-for-reading'];
  await using server = await openTestServer({ keys: [newKey()], token, readToken });
  const authorization = `Bearer ${readToken}`;
  await server.engine.connections.set('shop', `postgres://app:${password}@db.example/shop`);
  const listed = await server.get('/api/v1/connections', { authorization });
  expect(listed).toMatchObject({ status: 200, body: await server.engine.connections.list() });
  expect(listed.body).toMatchObject({ connections: [{ address: 'postgres://app@db.example:5432/shop' }] });
  expect(() => z.fromJSONSchema(connectionsSchema).parse(listed.body)).not.toThrow();
  expect(listed.text).not.toContain(password);
  expect(await server.get('/api/v1/connections')).toMatchObject({ status: 401 });
  for (const path of ['/api/v1/connections', '/api/v1/connections/shop'])
    expect(await server.post(path, { authorization: `Bearer ${token}` })).toMatchObject({ status: 404 });
  expect(routes.filter(({ path }) => path.includes('/connections'))).toHaveLength(1);
});

test('without a key rotating is a problem with its cure', async () => {
  await using server = await openTestServer();
  const answer = await server.post('/api/v1/secrets/rotate');
  expect(answer).toMatchObject({ status: 400, body: { code: 'keys-missing' } });
});

test('what changes something is not had by GET, nor by a page of somebody else', async () => {
  await using server = await openTestServer({ keys: [newKey()] });
  const posts = routes.filter(({ method }) => method === 'post').map(({ path }) => path);
  const ofAll = ['/api/v1/alerts/test', '/api/v1/secrets/verify', '/api/v1/secrets/rotate'];
  expect(posts.filter((path) => !path.startsWith('/api/v1/pipelines/'))).toEqual(ofAll);
  for (const path of posts) {
    expect(await server.get(path)).toMatchObject({ status: 404 });
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1'])
      expect(await server.post(path, { origin })).toMatchObject({
        status: 403,
        body: { code: 'http-origin-refused' },
      });
    if (!ofAll.includes(path)) continue;
    const { status } = await server.post(path, { origin: server.url });
    // No target for alerts is configured here.
    expect(status).toBe(path.startsWith('/api/v1/alerts') ? 400 : 200);
  }
});
