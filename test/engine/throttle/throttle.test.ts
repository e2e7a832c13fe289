import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Throttle } from '../../../src/engine/throttle/throttle.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';

const busy = async () => [
  { text: 'quiet', isBusy: false },
  { text: 'too many sessions', isBusy: true },
];
const quiet = async () => [{ text: 'few sessions', isBusy: false }];

function open(load: ConstructorParameters<typeof Throttle>[0]['load']) {
  const told: { readonly share: number; readonly reason: string }[] = [];
  const throttle = new Throttle({ load, tell: (pace) => told.push(pace), lookEveryMs: 5 });
  const until = async (condition: () => boolean) => {
    while (!condition()) await delay(2);
  };
  return { throttle, told, until };
}

const elapsed = async (work: () => Promise<unknown>): Promise<number> => {
  const beganAt = performance.now();
  await work();
  return performance.now() - beganAt;
};

describe('Throttle', () => {
  test('without anything to look at, nothing rests', async () => {
    const { throttle, told } = open(null);
    await using _throttle = throttle;
    expect(await throttle.paced([], async () => 'done')).toBe('done');
    expect(told).toEqual([]);
  });

  test('rests for as long as the work took, and longer the longer the destination is busy', async () => {
    const { throttle, told, until } = open(busy);
    await using _throttle = throttle;
    await until(() => told.length >= 2);
    expect(told.slice(0, 2)).toEqual([
      { share: 1 / 2, reason: 'too many sessions' },
      { share: 1 / 4, reason: 'too many sessions' },
    ]);
    const took = await elapsed(() => throttle.paced([], () => delay(30)));
    expect(took).toBeGreaterThan(4 * 29);
  });

  test('a rest ends with the load that it was for, and with the work', async () => {
    let load = busy;
    const { throttle, told, until } = open(() => load());
    await using _throttle = throttle;
    await until(() => told.at(-1)?.share === 1 / 64);
    const resting = elapsed(() => throttle.paced([], () => delay(500)));
    load = quiet;
    // It would be 32 s.
    expect(await resting).toBeLessThan(16_000);
    expect(told.at(-1)).toEqual({ share: 1, reason: '' });
    load = busy;
    await until(() => told.at(-1)?.share === 1 / 64);
    const ended = AbortSignal.abort();
    expect(await elapsed(() => throttle.paced([ended], () => delay(100)))).toBeLessThan(3_000);
  });

  test('what is thrown is thrown at once', async () => {
    const { throttle, told, until } = open(busy);
    await using _throttle = throttle;
    await until(() => told.at(-1)?.share === 1 / 64);
    const failing = throttle.paced([], async () => {
      await delay(200);
      throw new Error('refused');
    });
    expect(await elapsed(() => expect(failing).rejects.toThrow('refused'))).toBeLessThan(6_000);
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
