import { expect, test } from 'vitest';
import { pipelineSettingsSchema } from '../../../src/protocol/configuration.ts';
import { comparisonGaps } from '../../../src/service/pipeline/comparison-gaps.ts';

const hours = (count: number) => count * 3_600_000;
const monday = Date.parse('2026-01-05T00:00:00Z');
const utc = (cron: string) => ({ cron, timeZone: 'UTC' });
const often = { every: '5m' };

test.each([
  ['each run of a full pipeline', { schedule: often }, [1 / 12, 1 / 12]],
  ['of a full one that rests at the weekend', { schedule: utc('0 3 * * 1-5') }, [24, 72]],
  ['of a live one that is compared on weekdays', { mode: 'live', schedule: utc('0 3 * * 1-5') }, [24, 72]],
  [
    'of an incremental one each day, unless told otherwise',
    { mode: 'incremental', schedule: often },
    [24, 24],
  ],
  [
    'of an incremental one on weekdays',
    { mode: 'incremental', schedule: often, comparison: utc('0 3 * * 1-5') },
    [24, 72],
  ],
  [
    'of an incremental one that does not run at the weekend',
    { mode: 'incremental', schedule: utc('*/5 8-18 * * 1-5') },
    [24, 72],
  ],
  [
    'of an incremental one that runs less often than it is to compare',
    { mode: 'incremental', schedule: utc('0 3 * * 1'), comparison: { every: '1h' } },
    [168, 168],
  ],
  [
    'of an incremental one that is never compared',
    { mode: 'incremental', schedule: often, comparison: 'off' },
    null,
  ],
  ['of an incremental one without a schedule', { mode: 'incremental', comparison: often }, null],
  ['of a full one without a schedule', {}, null],
])('time between comparisons, %s', (...[, settings, wanted]) => {
  const [shortest = 0, longest = 0] = wanted ?? [];
  expect(comparisonGaps(pipelineSettingsSchema.parse(settings), monday)).toEqual(
    wanted === null ? null : { shortestMs: hours(shortest), longestMs: hours(longest) },
  );
});
