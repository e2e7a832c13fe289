import { describe, expect, it } from 'vitest';
import { runInLanes } from '../../../src/engine/walk/lanes.ts';

const never = new AbortController().signal;

describe('running items in lanes', () => {
  it('runs at most so many at once and all of them', async () => {
    let running = 0;
    let most = 0;
    const done: number[] = [];
    await runInLanes([1, 2, 3, 4, 5, 6, 7], { lanes: 3, signal: never }, async (item) => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      done.push(item);
    });
    expect(most).toBe(3);
    expect(done.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('throws the first failure once the others have ended, and aborts them', async () => {
    const ended: string[] = [];
    const work = async (item: string, signal: AbortSignal): Promise<void> => {
      if (item === 'bad') throw new Error('bad');
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      ended.push(item);
    };
    await expect(
      runInLanes(['slow', 'bad', 'never started'], { lanes: 2, signal: never }, work),
    ).rejects.toThrow('bad');
    expect(ended).toEqual(['slow']);
  });

  it('pulls an item only when a lane is free', async () => {
    let pulled = 0;
    async function* endless(): AsyncIterable<number> {
      for (;;) yield ++pulled;
    }
    const run = runInLanes(endless(), { lanes: 2, signal: never }, async (item) => {
      if (item === 10) throw new Error('enough');
    });
    await expect(run).rejects.toThrow('enough');
    expect(pulled).toBeLessThan(15);
  });

  it('takes no further item once it drains', async () => {
    const drain = new AbortController();
    const done: number[] = [];
    await runInLanes([1, 2, 3, 4], { lanes: 1, signal: never, draining: drain.signal }, async (item) => {
      done.push(item);
      if (item === 2) drain.abort();
    });
    expect(done).toEqual([1, 2]);
  });

  it('throws the reason of an abort from outside', async () => {
    const stop = new AbortController();
    const run = runInLanes([1], { lanes: 1, signal: stop.signal }, async () =>
      stop.abort(new Error('stopped')),
    );
    await expect(run).rejects.toThrow('stopped');
  });
});
