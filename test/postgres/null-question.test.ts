import { expect, test } from 'vitest';
import { NullQuestion } from '../../src/connectors/postgres/reader/null-question.ts';

test('after an answer that took long it rests, and an answer that throws is asked for again at once', async () => {
  let nowMs = 0;
  const question = new NullQuestion(() => nowMs);
  let asked = 0;
  const answer = (takesMs: number, throws: boolean) =>
    question.refuse(async () => {
      asked += 1;
      nowMs += takesMs;
      if (throws) throw new Error('there is one');
    });
  await answer(100, false);
  await answer(100, false);
  expect(asked).toBe(1);
  nowMs += 2_000;
  await expect(answer(100, true)).rejects.toThrow('there is one');
  await expect(answer(100, true)).rejects.toThrow('there is one');
  expect(asked).toBe(3);
});
