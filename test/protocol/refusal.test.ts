import { expect, test } from 'vitest';
import type { ErrorClass } from '../../src/protocol/errors/error-class.ts';
import { LockstepError } from '../../src/protocol/errors/lockstep-error.ts';
import { isRefusal, refusalOf } from '../../src/protocol/errors/refusal.ts';

const classes = {
  transient: false,
  deferred: true,
  change: true,
  collection: false,
  pipeline: false,
  configuration: false,
} satisfies Record<ErrorClass, boolean>;

const failure = (kind: ErrorClass): LockstepError =>
  new LockstepError('internal', { detail: 'a trial' }, { class: kind });

test.each(Object.entries(classes) as [ErrorClass, boolean][])('%s is a refusal of a row: %s', (kind, is) => {
  expect(isRefusal(failure(kind))).toBe(is);
});

test('a refusal is answered, and everything else thrown as it is', async () => {
  const refused = failure('deferred');
  expect(await refusalOf(async () => {})).toBeNull();
  expect(await refusalOf(() => Promise.reject(refused))).toBe(refused);
  for (const other of [failure('transient'), new Error('a defect')])
    await expect(refusalOf(() => Promise.reject(other))).rejects.toBe(other);
});
