import { expect, test } from 'vitest';
import { type Checks, type HealthFacts, healthOf } from '../../../src/recipes/user-table/health.ts';
import { factsOf } from '../../../src/recipes/user-table/health-facts.ts';

const well: HealthFacts = {
  status: 'live',
  usersStatus: 'live',
  away: null,
  toldAgeMs: 800,
  isPassUnderWay: false,
  passBeganAgeMs: 40_000,
  successAgeMs: 800,
  intervalMs: 60_000,
  patienceMs: 600_000,
  failedShare: 0,
  isScheduled: true,
  warnings: [],
};

test('UT-21 all is well: the one recommendation says so', () => {
  expect(healthOf(well)).toEqual({
    status: 'HEALTHY',
    checks: {
      realtimeSyncActive: true,
      scheduledSyncActive: true,
      recentSyncSuccess: true,
      lowErrorRate: true,
    },
    recommendations: ['All systems operational'],
  });
});

test.each<readonly [string, Partial<HealthFacts>, keyof Checks | null]>([
  ['it heals', { status: 'healing' }, null],
  ['it is throttled', { status: 'degraded' }, null],
  ['it is throttled while it heals', { status: 'degraded', usersStatus: 'healing' }, null],
  ['it is throttled while it copies', { status: 'degraded', usersStatus: 'copying' }, 'realtimeSyncActive'],
  ['the users have stopped', { status: 'degraded', usersStatus: 'stopped' }, 'realtimeSyncActive'],
  ['nothing is told of the users', { status: 'degraded', usersStatus: null }, 'realtimeSyncActive'],
  [
    'it is degraded, and a side is away',
    { status: 'degraded', away: 'the chat is away' },
    'realtimeSyncActive',
  ],
  ['it copies', { status: 'copying' }, 'realtimeSyncActive'],
  ['it is paused', { status: 'paused' }, 'realtimeSyncActive'],
  ['a side is away', { away: 'the source is away' }, 'realtimeSyncActive'],
  ['its engine is silent', { toldAgeMs: 30_000 }, 'realtimeSyncActive'],
  ['its engine never told anything', { toldAgeMs: null }, 'realtimeSyncActive'],
  ['a pass is under way for long', { isPassUnderWay: true, passBeganAgeMs: 10 * 60_000 }, null],
  ['no pass began within two intervals', { passBeganAgeMs: 120_000 }, 'scheduledSyncActive'],
  ['no pass ever began', { passBeganAgeMs: null }, 'scheduledSyncActive'],
  ['nothing is scheduled', { passBeganAgeMs: null, isScheduled: false }, null],
  ['nobody changed anything for an hour', { successAgeMs: 1_000 }, null],
  ['nothing succeeded for ten minutes', { successAgeMs: 600_000 }, 'recentSyncSuccess'],
  ['nothing ever succeeded', { successAgeMs: null }, 'recentSyncSuccess'],
  ['one in a hundred fails', { failedShare: 0.01 }, 'lowErrorRate'],
  ['fewer fail', { failedShare: 0.0099 }, null],
])('UT-21 %s', (_, facts, failing) => {
  const { status, checks, recommendations } = healthOf({ ...well, ...facts });
  expect(Object.entries(checks).flatMap(([name, holds]) => (holds ? [] : [name]))).toEqual(
    failing === null ? [] : [failing],
  );
  expect(status).toBe(failing === null ? 'HEALTHY' : 'UNHEALTHY');
  expect(recommendations).toHaveLength(1);
  expect(recommendations[0]?.length).toBeGreaterThan(20);
});

test('UT-21 UT-50 a limit that is passed is no reason to be unhealthy, but not all is well then', () => {
  expect(healthOf({ ...well, warnings: ['raise it'] })).toMatchObject({
    status: 'HEALTHY',
    recommendations: ['raise it'],
  });
  expect(healthOf({ ...well, status: 'paused', warnings: ['raise it'] })).toMatchObject({
    status: 'UNHEALTHY',
    recommendations: [expect.stringContaining('Real-time sync'), 'raise it'],
  });
});

test.each<readonly [string, { readonly ageMs: number | null; readonly isPassFailing?: boolean }, boolean]>([
  ['none', { ageMs: null }, false],
  ['one that takes longer than the interval', { ageMs: 500_000 }, true],
  ['one that hangs for longer than a success is waited for', { ageMs: 700_000 }, false],
  ['one that fails and is tried again', { ageMs: 1_000, isPassFailing: true }, false],
])('UT-21 UT-43 under way is %s', (_, { ageMs, isPassFailing = false }, isUnderWay) => {
  const now = Date.now();
  const underWaySinceMs = ageMs === null ? null : now - ageMs;
  const live = {
    status: 'live' as const,
    reason: '',
    nextStep: '',
    sinceMs: now,
    lag: { kind: 'inStep' as const },
    collections: [],
    rates: { changesPerSecond: 0 },
    retained: null,
    forgetsInMs: null,
    away: [],
    comparison: { watchedSinceMs: 0, provenAtMs: null, last: null, underWaySinceMs },
    ready: true,
    positionAtMs: null,
    savedAtMs: now,
  };
  const facts = factsOf({ status: 'live', live }, { ...well, appliedAgeMs: null, isPassFailing });
  expect(facts.isPassUnderWay).toBe(isUnderWay);
  expect(healthOf(facts).checks).toMatchObject({ scheduledSyncActive: isUnderWay, recentSyncSuccess: true });
});
