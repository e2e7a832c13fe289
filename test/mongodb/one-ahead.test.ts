import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { oneAhead } from '../../src/connectors/mongodb/writer/whole/one-ahead.ts';

/** Tells what it is asked for and when it is over. */
async function* telling(told: string[], failsAt: number): AsyncGenerator<number> {
  try {
    for (let item = 0; item < 4; item += 1) {
      told.push(`asked ${item}`);
      if (item === failsAt) throw new Error('the source is gone');
      yield item;
    }
  } finally {
    told.push('over');
  }
}

test('the next item is asked for while one is used, and all come in order', async () => {
  const told: string[] = [];
  for await (const item of oneAhead(telling(told, -1))) {
    await delay(1);
    told.push(`used ${item}`);
  }
  expect(told).toEqual([
    ...['asked 0', 'asked 1', 'used 0', 'asked 2', 'used 1', 'asked 3', 'used 2', 'over', 'used 3'],
  ]);
});

test('what fails while an item is used is thrown after it, and ends no process', async () => {
  const told: string[] = [];
  const use = async () => {
    for await (const item of oneAhead(telling(told, 1))) {
      // Long enough that a rejection nobody listens to would be told.
      await delay(50);
      told.push(`used ${item}`);
    }
  };
  await expect(use()).rejects.toThrow('the source is gone');
  expect(told).toEqual(['asked 0', 'asked 1', 'over', 'used 0']);
});

test('who stops early ends the source, whatever it was about to say', async () => {
  for (const failsAt of [-1, 1]) {
    const told: string[] = [];
    for await (const _ of oneAhead(telling(told, failsAt))) break;
    expect(told.at(-1)).toBe('over');
  }
});
