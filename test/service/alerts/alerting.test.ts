import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type HttpReceiver, startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { startSmtpServer } from '../../support/receivers/smtp-server.ts';
import { eventually, openWatched, type Watcher } from './fixture.ts';

const never = new AbortController().signal;
const hook = ({ url }: HttpReceiver) => ({ kind: 'webhook', url }) as const;
const statesOf = ({ taken }: HttpReceiver) => taken.map(({ body }) => `${body['alert']} ${body['state']}`);
const idsOf = ({ taken }: HttpReceiver) => taken.map(({ body }) => body['id']);

/** So many more looks were made: what did not happen by then does not happen. */
async function looks(watcher: Watcher, count = 4): Promise<void> {
  for (let left = count; left > 0; left -= 1) await watcher.alerting.finish(new Map(), never);
}

test('every target is told once when an alert begins and once when it is over', async () => {
  await using watched = await openWatched();
  await using one = await startHttpReceiver();
  await using two = await startHttpReceiver();
  await using mail = await startSmtpServer();
  await using watcher = await watched.watch({
    targets: {
      one: hook(one),
      two: { kind: 'slack', url: two.url },
      mail: { kind: 'email', host: '127.0.0.1', port: mail.port, tls: 'none', from: 'a@b.c', to: ['d@e.f'] },
    },
  });
  await watched.putLetters(1, 2);
  await eventually(() => statesOf(one)).toEqual(['deadLetters firing']);
  await looks(watcher);
  await watched.resolveLetters(1, 2);
  await eventually(() => statesOf(one)).toEqual(['deadLetters firing', 'deadLetters resolved']);
  await looks(watcher);
  await eventually(() => mail.mails.length).toBe(2);
  expect(two.taken).toHaveLength(2);
  expect(one.taken).toHaveLength(2);
  expect(watcher.told).toEqual(['deadLetters firing', 'deadLetters resolved']);
  expect(one.taken[0]?.body).toMatchObject({
    pipeline: 'shop',
    text: '2 keys can’t be applied, set aside',
  });
});

test('an address that puts mails off keeps none of them from the others, and gets them once it takes them', async () => {
  await using watched = await openWatched();
  await using mail = await startSmtpServer();
  const [well, full] = ['well@example.org', 'full@example.org'];
  mail.answer({ [full]: '452 its box is full' });
  await using watcher = await watched.watch({
    targets: {
      mail: {
        kind: 'email',
        host: '127.0.0.1',
        port: mail.port,
        tls: 'none',
        from: 'a@b.c',
        to: [well, full],
      },
    },
  });
  const got = (address: string) => mail.mails.filter(({ to }) => to.includes(address)).length;
  await watched.putLetters(1);
  await eventually(() => got(well)).toBe(1);
  await eventually(() => watcher.undelivered.at(-1)?.detail).toBe(
    `it did not take 1 of 2 addresses: ${full} (452)`,
  );
  await watched.resolveLetters(1);
  await eventually(() => got(well)).toBe(2);
  // It is tried again by itself, and nobody else gets anything twice.
  await eventually(() => watcher.undelivered.at(-1)?.detail).toBe(
    `it did not take the address: ${full} (452)`,
  );
  await eventually(async () => await watcher.engine.alerts('shop')).toMatchObject([
    { waiting: [{ target: 'mail', messages: 2 }] },
  ]);
  mail.answer({});
  await eventually(() => got(full)).toBe(2);
  expect(got(well)).toBe(2);
  await eventually(async () => await watcher.engine.alerts('shop')).toMatchObject([{ waiting: [] }]);
});

test('what has been good for long enough is not shown any more, though nobody watched', async () => {
  await using watched = await openWatched();
  {
    await using watcher = await watched.watch({ settleSeconds: 1 });
    await watched.putLetters(1);
    await eventually(() => watcher.told).toEqual(['deadLetters firing']);
    await watched.resolveLetters(1);
    await looks(watcher, 1);
  }
  await using asleep = await watched.watch({ settleSeconds: 1, lookEverySeconds: 3600 });
  await eventually(async () => await asleep.engine.alerts('shop')).toMatchObject([{ alerts: [] }]);
  expect(asleep.told).toEqual([]);
});

test('a target that is down delays no other, and is told in order once it is back', async () => {
  await using watched = await openWatched();
  await using up = await startHttpReceiver();
  await using down = await startHttpReceiver({ kind: 'hang' });
  await using watcher = await watched.watch({
    targets: { down: hook(down), up: hook(up) },
    timeoutSeconds: 0.3,
  });
  await watched.putLetters(1);
  await eventually(() => statesOf(up)).toEqual(['deadLetters firing']);
  await watched.resolveLetters(1);
  await eventually(() => statesOf(up)).toEqual(['deadLetters firing', 'deadLetters resolved']);
  await watched.putLetters(2);
  await eventually(() => statesOf(up)).toHaveLength(3);
  expect(down.taken).toEqual([]);
  await eventually(async () => await watcher.engine.alerts('shop')).toMatchObject([
    { waiting: [{ target: 'down', messages: 3 }] },
  ]);
  down.behave({ kind: 'cut' });
  await eventually(() => watcher.undelivered.at(-1)?.detail).toMatch(/can’t be reached/);
  down.behave({ kind: 'answer', status: 200 });
  await eventually(() => idsOf(down)).toEqual(idsOf(up));
  await eventually(async () => await watcher.engine.alerts('shop')).toMatchObject([{ waiting: [] }]);
});

test('a target that says when to come back is not asked before', async () => {
  await using watched = await openWatched();
  await using receiver = await startHttpReceiver({
    kind: 'answer',
    status: 429,
    headers: { 'retry-after': '1' },
  });
  await using _watcher = await watched.watch({ targets: { busy: hook(receiver) } });
  await watched.putLetters(1);
  await eventually(() => receiver.asked.length).toBe(1);
  receiver.behave({ kind: 'answer', status: 200 });
  await eventually(() => receiver.taken.length).toBe(1);
  const [first, second] = receiver.asked;
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990);
});

test('a message that a target refuses is dropped and told, and the next ones come', async () => {
  await using watched = await openWatched();
  await using receiver = await startHttpReceiver({ kind: 'answer', status: 400 });
  await using watcher = await watched.watch({ targets: { strict: hook(receiver) } });
  await watched.putLetters(1);
  await eventually(() => watcher.undelivered).toMatchObject([
    { target: 'strict', delayMs: null, detail: 'it answered 400' },
  ]);
  receiver.behave({ kind: 'answer', status: 200 });
  await watched.resolveLetters(1);
  await eventually(() => statesOf(receiver)).toEqual(['deadLetters resolved']);
  expect(receiver.asked).toHaveLength(2);
});

test('a restart neither repeats what was told nor forgets what was not', async () => {
  await using watched = await openWatched();
  await using receiver = await startHttpReceiver({ kind: 'answer', status: 503 });
  const alerts = { targets: { pager: hook(receiver) } };
  {
    await using watcher = await watched.watch(alerts);
    await watched.putLetters(1);
    await eventually(() => watcher.told).toEqual(['deadLetters firing']);
    await eventually(() => receiver.asked.length).toBeGreaterThan(0);
  }
  receiver.behave({ kind: 'answer', status: 200 });
  {
    await using watcher = await watched.watch(alerts);
    await eventually(() => statesOf(receiver)).toEqual(['deadLetters firing']);
    await looks(watcher);
    expect(watcher.told).toEqual([]);
  }
  await watched.resolveLetters(1);
  await using watcher = await watched.watch(alerts);
  await eventually(() => statesOf(receiver)).toEqual(['deadLetters firing', 'deadLetters resolved']);
  await looks(watcher);
  expect(receiver.taken).toHaveLength(2);
});

test('of two processes with one store one tells, and the other goes on when it ends', async () => {
  await using watched = await openWatched();
  await using receiver = await startHttpReceiver();
  const alerts = { targets: { pager: hook(receiver) } };
  const first = await watched.watch(alerts);
  await first.alerting.finish(new Map(), never);
  await using second = await watched.watch(alerts);
  await watched.putLetters(1);
  await eventually(() => first.told).toEqual(['deadLetters firing']);
  await looks(second);
  expect(second.told).toEqual([]);
  await first[Symbol.asyncDispose]();
  await watched.resolveLetters(1);
  await eventually(() => second.told).toEqual(['deadLetters resolved']);
  await eventually(() => statesOf(receiver)).toEqual(['deadLetters firing', 'deadLetters resolved']);
});

test('a process that stands by tells nothing', async () => {
  await using watched = await openWatched();
  await using watcher = await watched.watch({});
  watcher.events.emit('status', { pipeline: 'shop', status: 'standby', reason: 'r', nextStep: 'n' });
  await watched.putLetters(1);
  await looks(watcher);
  expect(watcher.told).toEqual([]);
  watcher.events.emit('status', { pipeline: 'shop', status: 'starting', reason: 'r', nextStep: 'n' });
  await eventually(() => watcher.told).toEqual(['deadLetters firing']);
});

test('a pipeline that can’t begin is told too, though nobody has its lease', async () => {
  await using watched = await openWatched();
  await using watcher = await watched.watch(
    { rules: { failed: { forSeconds: 0 }, disconnected: { threshold: 0.1 } } },
    { pipelines: ['crm'] },
  );
  const told = { pipeline: 'crm', reason: 'connection-refused: away', nextStep: 'again' } as const;
  watcher.events.emit('retry', {
    pipeline: 'crm',
    what: 'the pipeline',
    code: 'connection-refused',
    message: 'm',
    attempt: 1,
    delayMs: 1,
  });
  watcher.events.emit('status', { ...told, status: 'failed' });
  await eventually(() => [...watcher.told].sort()).toEqual(['disconnected firing', 'failed firing']);
  expect(await watcher.engine.status('crm')).toMatchObject([
    { alerts: [{ alert: 'failed', severity: 'critical' }, { alert: 'disconnected' }] },
  ]);
  watcher.events.emit('status', { ...told, status: 'live' });
  await eventually(() => watcher.told.filter((each) => each.endsWith('resolved'))).toHaveLength(2);
});

test('a pipeline chooses its targets and changes its rules', async () => {
  await using watched = await openWatched();
  await using one = await startHttpReceiver();
  await using two = await startHttpReceiver();
  await using _watcher = await watched.watch(
    { targets: { one: hook(one), two: hook(two) }, rules: { deadLetters: false } },
    { ofShop: { alerts: { targets: ['two'], rules: { deadLetters: { threshold: 1 } } } } },
  );
  await watched.putLetters(1, 2);
  await eventually(() => statesOf(two)).toEqual(['deadLetters firing']);
  expect(one.asked).toEqual([]);
});

test('a store that is lost hinders alerts, which is told once and ends nothing', async () => {
  await using watched = await openWatched();
  await using watcher = await watched.watch({});
  await watcher.alerting.finish(new Map(), never);
  rmSync(watched.storeFile);
  await eventually(() => watcher.hindered.length).toBe(1);
  await looks(watcher);
  expect(watcher.hindered).toEqual([expect.stringMatching(/removed or replaced/)]);
});

test('test messages are marked and say what came of them, per target', async () => {
  await using watched = await openWatched();
  await using up = await startHttpReceiver();
  await using down = await startHttpReceiver({ kind: 'cut' });
  await using watcher = await watched.watch({ targets: { up: hook(up), down: hook(down) } });
  expect(await watcher.engine.testAlerts()).toEqual([
    { target: 'up', kind: 'webhook', delivered: true, detail: '' },
    { target: 'down', kind: 'webhook', delivered: false, detail: expect.stringMatching(/can’t be reached/) },
  ]);
  expect(up.taken[0]?.body).toMatchObject({
    state: 'test',
    text: expect.stringContaining('Nothing is wrong'),
  });
  await expect(watcher.engine.testAlerts(['donw'])).rejects.toMatchObject({
    code: 'alert-target-unknown',
    message: expect.stringMatching(/did you mean down\?/),
  });
  await using bare = await watched.watch({});
  await expect(bare.engine.testAlerts()).rejects.toMatchObject({
    code: 'alert-targets-missing',
    exitCode: 3,
  });
});
