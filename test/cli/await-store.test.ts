import { expect, test } from 'vitest';
import { whenStoreAnswers } from '../../src/cli/await-store.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';

test('a store that is away is told of at once, and then once a minute', async () => {
  const moments = [0, 59_999, 60_000, 61_000];
  const told: number[] = [];
  let attempts = 0;
  const answer = await whenStoreAnswers(
    async () => {
      attempts += 1;
      if (attempts <= moments.length)
        throw new LockstepError('store-unreachable', { address: 'at home', detail: 'refused' });
      return 'open';
    },
    {
      signal: new AbortController().signal,
      onAway: () => void told.push(attempts),
      now: () => moments[attempts - 1] ?? Number.NaN,
    },
  );
  expect([answer, told]).toEqual(['open', [1, 3]]);
});
