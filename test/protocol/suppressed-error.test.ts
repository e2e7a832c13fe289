import { expect, test } from 'vitest';
import { LockstepError, toLockstepError } from '../../src/protocol/errors/lockstep-error.ts';

test('what ended the work counts, not what went wrong besides while it was being ended', () => {
  const first = new LockstepError('connection-lost', { address: 'db', detail: 'reset' });
  const besides = new Error('could not be closed');
  expect(toLockstepError(new SuppressedError(besides, first))).toBe(first);
  expect(toLockstepError(new SuppressedError(besides, new SuppressedError(besides, first)))).toBe(first);
});
