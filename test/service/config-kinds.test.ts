import { expect, test } from 'vitest';
import { at, faultsOf, orders, postgres, shop, source } from './faults-of.ts';

/** Keys that are right beside others. */
const table: readonly [string, unknown, readonly string[]][] = [
  [
    'a schedule of two kinds',
    shop({ schedule: { cron: '0 3 * * *', every: '1d' } }),
    [`${at}.schedule: must have exactly one of the keys cron, every`],
  ],
  [
    'a schedule of two kinds, one of them wrong',
    shop({ schedule: { cron: '0 3 * * *', every: '5 minutes' } }),
    [`${at}.schedule.every: does not go with cron`],
  ],
  [
    'a key of another kind of schedule',
    shop({ schedule: { every: '1d', timeZone: 'Europe/Berlin' } }),
    [`${at}.schedule.timeZone: does not go with every`],
  ],
  [
    'a schedule without any time',
    shop({ schedule: { atStart: true } }),
    [`${at}.schedule: must have exactly one of the keys cron, every`],
  ],
  [
    'a key of another kind of capture',
    source({ ...postgres, capture: { kind: 'logical', pollMs: 100 } }),
    [`${at}.source.capture.pollMs: does not go with kind "logical"`],
  ],
  [
    'a column from two places',
    orders({ columns: { id: { column: 'a', expression: 'b' } } }),
    [`${at}.collections.orders.columns.id: must have exactly one of the keys column, expression, mapped`],
  ],
];

test.each(table)('%s', async (_, config, faults) => {
  expect(await faultsOf(config)).toEqual(faults);
});
