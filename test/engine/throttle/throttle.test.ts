import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Throttle, type ThrottleParts } from '../../../src/engine/throttle/throttle.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';

const busy = async () => [
  { text: 'quiet', isBusy: false },
  { text: 'too many sessions', isBusy: true },
];
const quiet = async () => [{ text: 'few sessions', isBusy: false }];

/** With a clock of its own: work and rest take what they say, and no time. `during`: what happens while it rests. */
function open(load: ThrottleParts['load'], during: () => Promise<void> = async () => undefined) {
  const told: { readonly share: number; readonly reason: string }[] = [];
  let now = 0;
  const clock = {
    now: () => now,
    pause: async (milliseconds: number) => {
      now += milliseconds;
      await during();
    },
  };
  const throttle = new Throttle({ load, tell: (pace) => told.push(pace), lookEveryMs: 1, clock });
  const until = async (condition: () => boolean) => {
    while (!condition()) await delay(1);
  };
  const slowest = () => until(() => told.at(-1)?.share === 1 / 64);
  const work = async (milliseconds: number) => {
    now += milliseconds;
  };
  return { throttle, told, until, slowest, work, clock };
}

describe('Throttle', () => {
  test('without anything to look at, nothing rests', async () => {
    const { throttle, told, work, clock } = open(null);
    await using _throttle = throttle;
    expect(await throttle.paced([], async () => 'done')).toBe('done');
    await throttle.paced([], () => work(100));
    expect(clock.now()).toBe(100);
    expect(told).toEqual([]);
  });

  test('the share is halved with each look, down to one part in 64, and the reasons are told', async () => {
    const { throttle, told, slowest } = open(busy);
    await using _throttle = throttle;
    await slowest();
    expect(told.map(({ share }) => 1 / share)).toEqual([2, 4, 8, 16, 32, 64]);
    expect(told[0]?.reason).toBe('too many sessions');
  });

  test.each([0.5, 1, 30, 700])(
    'work of %d ms is followed by the rest that is told, and no longer one',
    async (ms) => {
      const { throttle, slowest, work, clock } = open(busy);
      await using _throttle = throttle;
      await slowest();
      await throttle.paced([], () => work(ms));
      expect(clock.now()).toBeCloseTo(64 * ms, 6);
    },
  );

  test('a rest ends with the load that it was for', async () => {
    let load = busy;
    const { throttle, told, slowest, until, work, clock } = open(
      () => load(),
      async () => {
        load = quiet;
        await until(() => told.at(-1)?.share === 1);
      },
    );
    await using _throttle = throttle;
    await slowest();
    await throttle.paced([], () => work(500));
    expect(clock.now()).toBe(550);
    expect(told.at(-1)).toEqual({ share: 1, reason: '' });
  });

  test('nobody rests who is to stop, or whose work failed', async () => {
    const { throttle, slowest, work, clock } = open(busy);
    await using _throttle = throttle;
    await slowest();
    await throttle.paced([AbortSignal.abort()], () => work(100));
    const failing = throttle.paced([], async () => {
      await work(100);
      throw new Error('refused');
    });
    await expect(failing).rejects.toThrow('refused');
    expect(clock.now()).toBe(200);
  });

  test('trouble that passes changes nothing; what does not pass makes it slow, and says why', async () => {
    const transient = new LockstepError('connection-lost', { address: 'there', detail: 'gone' });
    const lasting = new LockstepError('throttle-query-invalid', { detail: 'no such table' });
    let error: LockstepError = transient;
    let looks = 0;
    const { throttle, told, until } = open(async () => {
      looks += 1;
      throw error;
    });
    await using _throttle = throttle;
    await until(() => looks > 3);
    expect(told).toEqual([]);
    error = lasting;
    await until(() => told.length > 0);
    expect(told[0]?.reason).toContain('no such table');
  });
});
