import { afterEach, expect, test, vi } from 'vitest';
import { startHttpReceiver } from '../../support/receivers/http-receiver.ts';
import { eventually, openWatched } from './fixture.ts';

const hourMs = 3_600_000;
const realNow = Date.now.bind(Date);

function clockIsWrongBy(milliseconds: number): void {
  vi.restoreAllMocks();
  vi.spyOn(Date, 'now').mockImplementation(() => realNow() + milliseconds);
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('a clock that is set forward and back by hours: told once when it begins, and once when it is over', async () => {
  await using watched = await openWatched();
  await using receiver = await startHttpReceiver();
  const told = () => receiver.taken.map(({ body }) => `${body['alert']} ${body['state']}`);
  await using watcher = await watched.watch({
    targets: { pager: { kind: 'webhook', url: receiver.url } },
    rules: { unproven: false, failed: false },
  });
  await watched.putLetters(1);
  await eventually(told).toEqual(['deadLetters firing']);
  const looks: string[] = [];
  for (const wrongBy of [7 * hourMs, -7 * hourMs, 24 * hourMs, 0]) {
    clockIsWrongBy(wrongBy);
    // Another letter is another look that saves: what fires has then been judged by this clock.
    await watcher.alerting.finish(new Map(), AbortSignal.timeout(5_000));
    looks.push(...told());
  }
  expect(new Set(looks)).toEqual(new Set(['deadLetters firing']));
  expect(told()).toHaveLength(1);
  clockIsWrongBy(-7 * hourMs);
  await watched.resolveLetters(1);
  await eventually(told).toEqual(['deadLetters firing', 'deadLetters resolved']);
  await watcher.alerting.finish(new Map(), AbortSignal.timeout(5_000));
  expect(told()).toHaveLength(2);
  expect(watcher.hindered).toEqual([]);
});
