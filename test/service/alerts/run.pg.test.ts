import { expect, test } from 'vitest';
import { createLockstep } from '../../../src/index.ts';
import { createTestDatabase } from '../../support/postgres.ts';
import { type HttpReceiver, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { startSmtpServer } from '../../support/receivers/smtp-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const failures = (receiver: HttpReceiver) =>
  receiver.taken.map(({ body }) => `${body['alert']} ${body['state']}`);

async function failing({ mode, url }: { readonly mode: 'full' | 'live'; readonly url: string }) {
  const directory = await temporaryDirectory();
  const receiver = await startHttpReceiver();
  const open = (source: string) =>
    createLockstep(
      {
        pipelines: {
          shop: {
            mode,
            source: { connector: 'postgres', url: source },
            destination: { connector: 'postgres', url },
            collections: ['public.t'],
            retry: { attempts: 1 },
          },
        },
        alerts: { targets: { pager: { kind: 'webhook', url: receiver.url } }, settleSeconds: 0 },
      },
      { directory: directory.path, env: {} },
    );
  const dispose = async (): Promise<void> => {
    await receiver[Symbol.asyncDispose]();
    await directory[Symbol.asyncDispose]();
  };
  return { open, receiver, [Symbol.asyncDispose]: dispose };
}

test('a run that can’t reach a side tells so before the process ends, once until a run succeeds', async () => {
  await using target = await createTestDatabase();
  await target.query('CREATE TABLE t (id int PRIMARY KEY)');
  await using source = await createTestDatabase();
  await source.query('CREATE TABLE t (id int PRIMARY KEY)');
  await using shop = await failing({ mode: 'full', url: target.url });
  for (const nobody of [1, 2]) {
    await using engine = await shop.open('postgres://app:canary-pass@127.0.0.1:1/shop');
    await expect(engine.run('shop'), `run ${nobody}`).rejects.toMatchObject({ exitCode: 4 });
  }
  expect(failures(shop.receiver)).toEqual(['failed firing']);
  expect(shop.receiver.taken[0]?.body['text']).toMatch(/^it has failed: connection-refused: /);
  await using engine = await shop.open(source.url);
  await engine.run('shop');
  expect(failures(shop.receiver)).toEqual(['failed firing', 'failed resolved']);
});

test('a service whose only pipeline fails for good tells so before it ends', async () => {
  await using side = await createTestDatabase();
  await using shop = await failing({ mode: 'live', url: side.url });
  await using engine = await shop.open(side.url);
  expect(await engine.startAll()).toMatchObject([{ ended: 'failed' }]);
  expect(failures(shop.receiver)).toEqual(['failed firing']);
});

test('runs by somebody else’s clock tell once what goes wrong, and once that it is over', async () => {
  await using source = await createTestDatabase();
  await using target = await createTestDatabase();
  await using directory = await temporaryDirectory();
  await using mail = await startSmtpServer({ user: 'u', password: 'canary-password' });
  await using away = await startHttpReceiver({ kind: 'answer', status: 503 });
  await source.query('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 1), (2, -2)');
  await target.query('CREATE TABLE t (id int PRIMARY KEY, v int CHECK (v > 0))');
  const run = async () => {
    await using engine = await createLockstep(
      {
        pipelines: {
          shop: {
            source: { connector: 'postgres', url: source.url },
            destination: { connector: 'postgres', url: target.url },
            collections: ['public.t'],
          },
        },
        alerts: {
          targets: {
            mail: {
              kind: 'email',
              host: '127.0.0.1',
              port: mail.port,
              tls: 'none',
              user: 'u',
              password: 'canary-password',
              from: 'a@b.c',
              to: ['d@e.f'],
            },
            away: { kind: 'webhook', url: away.url },
          },
          settleSeconds: 0,
        },
      },
      { directory: directory.path, env: {} },
    );
    return (await engine.run('shop')).result;
  };
  const subjects = () => mail.mails.map(({ text }) => /^Subject: (.*)$/m.exec(text)?.[1]);

  expect(await run()).toBe('pending');
  expect(subjects()).toEqual(['[lockstep] shop: deadLetters: firing']);
  expect(await run()).toBe('pending');
  expect(subjects()).toHaveLength(1);
  await source.query('UPDATE t SET v = 2 WHERE id = 2');
  expect(await run()).toBe('equal');
  expect(subjects()).toEqual([
    '[lockstep] shop: deadLetters: firing',
    '[lockstep] shop: deadLetters: resolved',
  ]);
  expect(mail.mails.map(({ text }) => text).join()).not.toMatch(/canary/);
  expect(away.taken).toEqual([]);
  away.behave({ kind: 'answer', status: 200 });
  expect(await run()).toBe('equal');
  expect(away.taken.map(({ body }) => body['state'])).toEqual(['firing', 'resolved']);
});
