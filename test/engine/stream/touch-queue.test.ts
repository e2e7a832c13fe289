import { expect, test } from 'vitest';
import { TouchQueue } from '../../../src/engine/stream/touch-queue.ts';

const { signal } = new AbortController();

test('what could not be written waits again, and only then is nothing in hand', async () => {
  const queue = new TouchQueue();
  await queue.add('users', ['1', '2'], { signal, mayLeave: true });
  const taken = queue.take(10);
  expect(queue.size).toBe(0);
  queue.putBack(taken);
  expect(queue.size).toBe(2);
  const again = queue.take(10);
  expect(again).toEqual(taken);
  const drained = queue.drained('users', signal);
  queue.done(again);
  await drained;
});
