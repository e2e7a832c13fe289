import { expect, test } from 'vitest';
import { unfinished } from '../../../src/connectors/postgres/reader/finished.ts';

const epoch = 2n ** 32n;

test.each([
  ['before xmin', '10:20:12,15', '9', false],
  ['between, not running', '10:20:12,15', '11', false],
  ['running', '10:20:12,15', '12', true],
  ['xmax itself', '10:20:', '20', true],
  ['after xmax', '10:20:', '25', true],
  ['running, in a later epoch', `${epoch * 3n + 10n}:${epoch * 3n + 20n}:${epoch * 3n + 12n}`, '12', true],
  ['finished, in a later epoch', `${epoch * 3n + 10n}:${epoch * 3n + 20n}:`, '11', false],
  ['finished before the epoch began', `${epoch + 3n}:${epoch + 5n}:`, String(epoch - 7n), false],
  [
    'running since before the epoch began',
    `${epoch - 7n}:${epoch + 5n}:${epoch - 7n}`,
    String(epoch - 7n),
    true,
  ],
  ['not begun, of the next epoch', `${epoch - 5n}:${epoch - 4n}:`, '3', true],
] as const)('a transaction %s', (...[, snapshot, transaction, isUnfinished]) => {
  expect(unfinished(snapshot, [transaction])).toEqual(isUnfinished ? [transaction] : []);
});
