import { expect, test } from 'vitest';
import { TouchQueue } from '../../../src/engine/stream/touch-queue.ts';

const { signal } = new AbortController();
const room = { keys: 10, bytes: 1_000, sizeOf: () => 1 };

test('what could not be written waits again, and only then is nothing in hand', async () => {
  const queue = new TouchQueue();
  await queue.add('users', ['1', '2'], { signal, mayLeave: true });
  const taken = queue.take(room);
  expect(queue.size).toBe(0);
  queue.putBack(taken);
  expect(queue.size).toBe(2);
  const again = queue.take(room);
  expect(again).toEqual(taken);
  const drained = queue.drained('users', signal);
  queue.done(again);
  await drained;
});

test('no more are taken than have room by their size, and one of whatever size', async () => {
  const queue = new TouchQueue();
  await queue.add('large', ['1', '2'], { signal });
  await queue.add('small', ['3', '4', '5'], { signal });
  const sizeOf = (collection: string): number => (collection === 'large' ? 2_000 : 400);
  const taken = () =>
    queue
      .take({ keys: 10, bytes: 1_000, sizeOf })
      .map(({ collection, keys }) => [collection, ...keys.keys()]);
  expect(taken()).toEqual([['large', '1']]);
  expect(taken()).toEqual([['large', '2']]);
  expect(taken()).toEqual([['small', '3', '4']]);
  expect(taken()).toEqual([['small', '5']]);
  expect(taken()).toEqual([]);
});
