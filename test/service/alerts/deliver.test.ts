import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { expect, test } from 'vitest';
import type { AlertMessage } from '../../../src/protocol/alerts.ts';
import { SecretText } from '../../../src/protocol/secret.ts';
import { sendTo } from '../../../src/service/alerts/deliver/send.ts';
import type { AlertTarget } from '../../../src/service/alerts/target.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { type Behaviour, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { startSmtpServer } from '../../support/receivers/smtp-server.ts';

const message: AlertMessage = {
  id: 'shop/lag/1/firing',
  pipeline: 'shop',
  alert: 'lag',
  state: 'firing',
  severity: 'warning',
  text: 'it is <5 & more> behind, 12 €',
  nextStep: 'look',
  runbook: 'docs/operations/alerts.md#lag',
  atMs: Date.UTC(2026, 0, 2),
  sinceMs: Date.UTC(2026, 0, 1),
  missed: 0,
};

const send = (target: AlertTarget, more: Partial<AlertMessage> = {}, timeoutMs = 2000) =>
  sendTo(target, { message: { ...message, ...more }, signal: new AbortController().signal }, timeoutMs);

const webhook = (url: string, secret: string | null = null): AlertTarget => ({
  kind: 'webhook',
  url: new SecretText(url),
  secret: secret === null ? null : new SecretText(secret),
});

const mail = (port: number, more: Partial<AlertTarget & { kind: 'email' }> = {}): AlertTarget => ({
  kind: 'email',
  host: '127.0.0.1',
  port,
  tls: 'none',
  ca: null,
  login: null,
  from: 'lockstep@example.org',
  to: ['a@example.org', 'b@example.org'],
  ...more,
});

test('a webhook gets the message as JSON, signed over its bytes', async () => {
  await using receiver = await startHttpReceiver();
  expect(await send(webhook(receiver.url, 'the-secret'))).toEqual({ kind: 'delivered' });
  const [got] = receiver.taken;
  expect(got?.body).toEqual(message);
  expect(got?.headers).toMatchObject({
    'content-type': 'application/json',
    'x-lockstep-delivery': message.id,
  });
  const wanted = createHmac('sha256', 'the-secret')
    .update(got?.bytes ?? '')
    .digest('hex');
  expect(got?.headers['x-lockstep-signature']).toBe(`sha256=${wanted}`);
});

test('without a secret nothing is signed', async () => {
  await using receiver = await startHttpReceiver();
  await send(webhook(receiver.url));
  expect(receiver.taken[0]?.headers['x-lockstep-signature']).toBeUndefined();
});

test('Slack gets a text in which nothing of ours is markup', async () => {
  await using receiver = await startHttpReceiver();
  expect(await send({ kind: 'slack', url: new SecretText(receiver.url) }, { missed: 3 })).toEqual({
    kind: 'delivered',
  });
  const text = String(receiver.taken[0]?.body['text']);
  expect(text).toContain(':red_circle: *shop: lag: firing*');
  expect(text).toContain('it is &lt;5 &amp; more&gt; behind, 12 €');
  expect(text).toContain('Since: 2026-01-01T00:00:00Z');
  expect(text).toContain('3 earlier messages were dropped');
});

test.each<readonly [string, Behaviour, object]>([
  ['refuses it', { kind: 'answer', status: 400 }, { kind: 'refused', detail: 'it answered 400' }],
  [
    'is broken',
    { kind: 'answer', status: 500 },
    { kind: 'failed', detail: 'it answered 500', retryAfterMs: null },
  ],
  ['does not know us', { kind: 'answer', status: 403 }, { kind: 'failed', detail: 'it answered 403' }],
  [
    'moved',
    { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'failed', detail: 'it answered 302' },
  ],
  [
    'has too much to do',
    { kind: 'answer', status: 429, headers: { 'retry-after': '7' } },
    { kind: 'failed', retryAfterMs: 7000 },
  ],
  [
    'names a moment in the past',
    { kind: 'answer', status: 503, headers: { 'retry-after': 'Thu, 01 Jan 2015 00:00:00 GMT' } },
    { kind: 'failed', retryAfterMs: 0 },
  ],
  [
    'says nonsense',
    { kind: 'answer', status: 503, headers: { 'retry-after': 'soon' } },
    { kind: 'failed', retryAfterMs: null },
  ],
  ['hangs', { kind: 'hang' }, { kind: 'failed', detail: 'it did not answer in time' }],
  [
    'dies',
    { kind: 'cut' },
    { kind: 'failed', detail: expect.stringMatching(/^it can’t be reached \(\w+\)$/) },
  ],
])('a webhook that %s', async (_, behaviour, wanted) => {
  await using receiver = await startHttpReceiver(behaviour);
  expect(await send(webhook(receiver.url), {}, 300)).toMatchObject(wanted);
});

test('a webhook that is not there is told without its URL', async () => {
  const gone = await startHttpReceiver();
  const { url } = gone;
  await gone[Symbol.asyncDispose]();
  const delivery = await send(webhook(url));
  expect(delivery).toEqual({
    kind: 'failed',
    detail: 'it can’t be reached (ECONNREFUSED)',
    retryAfterMs: null,
  });
});

test.each([
  ['without a login', null],
  ['with a login', { user: 'lockstep', password: 'planted' }],
])('a mail is delivered %s', async (_, login) => {
  await using server = await startSmtpServer(login);
  const target = mail(server.port, {
    login: login === null ? null : { user: login.user, password: new SecretText(login.password) },
  });
  expect(await send(target, { text: 'it is 75 s behind' })).toEqual({ kind: 'delivered' });
  expect(server.mails).toMatchObject([
    { from: 'lockstep@example.org', to: ['a@example.org', 'b@example.org'] },
  ]);
  const text = server.mails[0]?.text ?? '';
  expect(text).toContain('Subject: [lockstep] shop: lag: firing');
  expect(text).toContain('it is 75 s behind');
  expect(text).toContain('X-Lockstep-Delivery: shop/lag/1/firing');
});

test('the same message has the same id for mail servers', async () => {
  await using server = await startSmtpServer();
  await send(mail(server.port));
  await send(mail(server.port));
  await send(mail(server.port), { id: 'shop/lag/1/resolved' });
  const ids = server.mails.map(({ text }) => /^Message-ID: (.*)$/im.exec(text)?.[1]);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

test('a wrong password is tried again, as it may be mended, and is not told', async () => {
  await using server = await startSmtpServer({ user: 'lockstep', password: 'right' });
  const target = mail(server.port, {
    login: { user: 'lockstep', password: new SecretText('planted-wrong') },
  });
  const delivery = await send(target);
  expect(delivery).toMatchObject({ kind: 'failed', detail: 'it answered 535 (EAUTH)' });
});

test('no mail goes out unencrypted where it must be encrypted', async () => {
  await using server = await startSmtpServer();
  expect(await send(mail(server.port, { tls: 'starttls' }))).toMatchObject({ kind: 'failed' });
  expect(await send(mail(server.port, { tls: 'implicit' }))).toMatchObject({ kind: 'failed' });
  expect(server.mails).toEqual([]);
});

test('a mail server that hangs or is busy', async () => {
  await using server = await startSmtpServer();
  server.behave('hang');
  expect(await send(mail(server.port), {}, 300)).toMatchObject({
    kind: 'failed',
    detail: 'it did not answer in time',
  });
  server.behave('busy');
  expect(await send(mail(server.port))).toMatchObject({ kind: 'failed' });
});

const [nobody, later] = ['550 nobody of that name', '451 come back later'];
const [one, other] = ['a@example.org', 'b@example.org'];

test.each([
  ['one for good', { [other]: nobody }, 'refused', '1 of 2 addresses: b@example.org (550)', [one]],
  ['one for now', { [other]: later }, 'failed', '1 of 2 addresses: b@example.org (451)', [one]],
  [
    'all for good',
    { [one]: nobody, [other]: nobody },
    'refused',
    '2 of 2 addresses: a@example.org (550), b@example.org (550)',
    null,
  ],
  [
    'one for good, one for now',
    { [one]: later, [other]: nobody },
    'failed',
    '2 of 2 addresses: a@example.org (451), b@example.org (550)',
    null,
  ],
] as const)('a mail server refuses of two addresses %s', async (...[, answers, kind, refused, took]) => {
  await using server = await startSmtpServer();
  server.answer(answers);
  expect(await send(mail(server.port))).toMatchObject({ kind, detail: `it did not take ${refused}` });
  expect(server.mails).toMatchObject(took === null ? [] : [{ to: took }]);
});

test('an address that put the mail off gets it by itself, under the same id', async () => {
  await using server = await startSmtpServer();
  server.answer({ [other]: later });
  expect(await send(mail(server.port))).toMatchObject({ kind: 'failed', left: [other] });
  server.answer({});
  const attempt = { message, left: [other], signal: new AbortController().signal };
  expect(await sendTo(mail(server.port), attempt, 2000)).toEqual({ kind: 'delivered' });
  expect(server.mails).toMatchObject([{ to: [one] }, { to: [other] }]);
  const [first, second] = server.mails.map(({ text }) => text.match(/^(Message-ID|To): .*$/gim));
  expect(first).toHaveLength(2);
  expect(second).toEqual(first);
});

const way = test.each(['starttls', 'implicit'] as const);
const login = { user: 'lockstep', password: 'planted' };

way('a mail over TLS (%s) is delivered to whoever shows a certificate that is trusted', async (tls) => {
  const certificate = makeCertificate();
  await using server = await startSmtpServer(login, { kind: tls, certificate });
  const known = { user: login.user, password: new SecretText(login.password) };
  const target = mail(server.port, { tls, ca: certificate.cert, login: known });
  expect(await send(target)).toEqual({ kind: 'delivered' });
  expect(server.mails).toMatchObject([{ from: 'lockstep@example.org' }]);
});

way('a mail over TLS (%s) is not given to whoever shows another certificate', async (tls) => {
  const certificate = makeCertificate();
  await using server = await startSmtpServer(null, { kind: tls, certificate });
  for (const ca of [null, makeCertificate().cert]) {
    const delivery = await send(mail(server.port, { tls, ca }));
    expect(delivery).toMatchObject({
      kind: 'failed',
      detail: expect.stringMatching(
        /^its certificate is signed by itself, .*SELF_SIGNED.*`ca` of the target/,
      ),
    });
  }
  expect(server.mails).toEqual([]);
});

way('a certificate (%s) that has expired, or is for another host, is told as that', async (tls) => {
  const old = makeCertificate({ notAfter: new Date(Date.now() - 86_400_000) });
  const other = makeCertificate({ ip: '127.0.0.2' });
  for (const [certificate, words] of [
    [old, /^its certificate has expired \(CERT_HAS_EXPIRED\)/],
    [other, /^its certificate is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)/],
  ] as const) {
    await using server = await startSmtpServer(null, { kind: tls, certificate });
    const delivery = await send(mail(server.port, { tls, ca: certificate.cert }));
    expect(delivery).toMatchObject({ kind: 'failed', detail: expect.stringMatching(words) });
    expect(server.mails).toEqual([]);
  }
});

test('a webhook whose certificate is not trusted is told as that', async () => {
  const certificate = makeCertificate();
  const server = createServer(certificate).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  expect(await send(webhook(`https://127.0.0.1:${port}/hook`))).toMatchObject({
    kind: 'failed',
    detail: expect.stringMatching(/^its certificate is signed by itself.*NODE_EXTRA_CA_CERTS/),
  });
  server.close();
});
