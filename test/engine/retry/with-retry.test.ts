import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Retry, type RetryOptions, withRetry } from '../../../src/engine/retry/with-retry.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';

const settings = { attempts: 4, initialDelayMs: 100, maxDelayMs: 1000, factor: 2 };
const lost = () => new LockstepError('connection-lost', { address: 'db:5432', detail: 'reset' });

/** Time that passes only by sleeping. */
function fakeTime() {
  let now = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (delayMs: number) => {
      slept.push(delayMs);
      now += delayMs;
    },
  };
}

function optionsWith(time: ReturnType<typeof fakeTime>, more: Partial<RetryOptions> = {}): RetryOptions {
  const { now, sleep } = time;
  return {
    what: 'copy of orders',
    settings,
    signal: new AbortController().signal,
    now,
    sleep,
    random: () => 0.999999,
    ...more,
  };
}

/** Fails so many times, then gives its number of calls. */
function failing(times: number, error: () => unknown = lost) {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw error();
    return calls;
  };
}

describe('withRetry', () => {
  test('gives the result of the first attempt that succeeds, having told of each failure', async () => {
    const time = fakeTime();
    const told: Retry[] = [];
    const result = await withRetry(failing(2), optionsWith(time, { onRetry: (retry) => told.push(retry) }));
    expect(result).toBe(3);
    expect(time.slept).toEqual([100, 200]);
    expect(told.map(({ attempt, delayMs, error }) => [attempt, delayMs, error.code])).toEqual([
      [1, 100, 'connection-lost'],
      [2, 200, 'connection-lost'],
    ]);
  });

  test('waits at least half of each delay, however the dice fall: attempts are not used up in a moment', async () => {
    const time = fakeTime();
    await withRetry(failing(99), optionsWith(time, { random: () => 0 })).catch(() => undefined);
    expect(time.slept).toEqual([50, 100, 200]);
  });

  test('gives up after the set attempts, with the last error as cause and the exit code of a connection', async () => {
    const time = fakeTime();
    const thrown: unknown = await withRetry(failing(99), optionsWith(time)).catch((error: unknown) => error);
    expect(time.slept).toEqual([100, 200, 400]);
    expect(thrown).toMatchObject({
      code: 'retries-exhausted',
      class: 'pipeline',
      exitCode: 4,
      cause: { code: 'connection-lost' },
    });
    expect(thrown).toMatchObject({ details: { what: 'copy of orders', attempts: 4, seconds: 0.7 } });
  });

  test.each([
    ['another class', new LockstepError('collection-gone', { collection: 'orders' })],
    ['a foreign error', new TypeError('x is not a function')],
    ['what is no error', 'text'],
  ])('throws %s as it is, at once', async (_, error) => {
    const time = fakeTime();
    const work = failing(99, () => error);
    await expect(withRetry(work, optionsWith(time))).rejects.toBe(error);
    expect(time.slept).toEqual([]);
  });

  test('does not repeat its own giving up when it is nested', async () => {
    const time = fakeTime();
    const inner = () => withRetry(failing(99), optionsWith(time));
    await expect(withRetry(inner, optionsWith(time))).rejects.toMatchObject({ code: 'retries-exhausted' });
    expect(time.slept).toHaveLength(3);
  });

  test('never calls more than the set attempts, and sleeps once between two', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 25 }),
        async (attempts, failures) => {
          const time = fakeTime();
          const work = failing(failures);
          const options = optionsWith(time, { settings: { ...settings, attempts } });
          const calls = await withRetry(work, options).catch(() => attempts);
          expect(calls).toBe(Math.min(failures + 1, attempts));
          expect(time.slept).toHaveLength(calls - 1);
        },
      ),
    );
  });
});

describe('withRetry and an abort', () => {
  const slow = { ...settings, initialDelayMs: 3_600_000, maxDelayMs: 3_600_000 };

  test('during the wait rejects at once as interrupted', async () => {
    const stop = new AbortController();
    const options = {
      what: 'x',
      settings: slow,
      signal: stop.signal,
      onRetry: () => queueMicrotask(() => stop.abort()),
    };
    await expect(withRetry(failing(99), options)).rejects.toMatchObject({
      code: 'interrupted',
      exitCode: 130,
    });
  });

  test('before the start calls nothing', async () => {
    const signal = AbortSignal.abort(new Error('SIGTERM'));
    let calls = 0;
    const work = async () => {
      calls += 1;
    };
    await expect(withRetry(work, { what: 'x', settings, signal })).rejects.toMatchObject({
      code: 'interrupted',
    });
    expect(calls).toBe(0);
  });

  test('while the work fails transiently is the abort’s error, not a retry', async () => {
    const stop = new AbortController();
    const work = async () => {
      stop.abort(new LockstepError('fence-lost', { pipeline: 'shop' }));
      throw lost();
    };
    await expect(withRetry(work, { what: 'x', settings: slow, signal: stop.signal })).rejects.toMatchObject({
      code: 'fence-lost',
    });
  });

  test('while the work succeeds takes nothing away', async () => {
    const stop = new AbortController();
    const work = async () => {
      stop.abort();
      return 'done';
    };
    expect(await withRetry(work, { what: 'x', settings, signal: stop.signal })).toBe('done');
  });
});
