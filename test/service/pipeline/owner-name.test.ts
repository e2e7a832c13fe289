import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { isOfDeadProcess, ownName } from '../../../src/service/pipeline/owner-name.ts';
import { processSpace } from '../../../src/service/pipeline/process-space.ts';

const lease = (owner: string) => ({ pipeline: 'shop', owner, fence: 1, expiresAtMs: 0 });
/** Above what any system gives. */
const nobody = 2 ** 30;

test('a process of this machine that is gone is dead; one that lives is not', () => {
  expect(isOfDeadProcess(lease(`${hostname()}/${nobody}/${processSpace()}/abc`))).toBe(true);
  expect(isOfDeadProcess(lease(ownName()))).toBe(false);
});

test('of a process elsewhere nothing is known, also with our host name and a process id that nobody has here', () => {
  expect(isOfDeadProcess(lease(`${hostname()}/${nobody}/another-kernel/abc`))).toBe(false);
  expect(isOfDeadProcess(lease(`${hostname()}/${nobody}/abc`))).toBe(false);
  expect(isOfDeadProcess(lease(`elsewhere/${nobody}/${processSpace()}/abc`))).toBe(false);
  expect(isOfDeadProcess(lease('somebody'))).toBe(false);
});

test('no two owners have the same name', () => {
  expect(ownName()).not.toBe(ownName());
});
