import { expect, test } from 'vitest';
import { pauseText } from '../../src/cli/render/pause.ts';

const unknown = { bytes: null, limitBytes: null, reachesBackMs: null, waitingFor: [] };

test.each([
  [{ ...unknown, bytes: 2 ** 21, limitBytes: 2 ** 30 }, '2 MB now, and what changes, until 1,024 MB'],
  [{ ...unknown, reachesBackMs: 7_260_000 }, 'what its log holds, now the last 2 h 1 min'],
  [unknown, 'what changes, how much is unknown'],
])('a pause says how long the source can wait: %j', (retained, expected) => {
  const paused = { pipeline: 'shop', sinceMs: 0, reason: '', wasPaused: false, engineRuns: true, retained };
  expect(pauseText(paused).join('\n')).toContain(`the source keeps meanwhile: ${expected}`);
});
