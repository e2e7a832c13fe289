import { expect, test } from 'vitest';
import { EventBus } from '../../../src/engine/event-bus.ts';
import { type Measured, metricsText } from '../../../src/recipes/user-table/metrics.ts';
import { Statistics, type SyncStats } from '../../../src/recipes/user-table/statistics.ts';

const pipeline = 'users';

function following() {
  const events = new EventBus((error) => {
    throw error;
  });
  const statistics = new Statistics();
  statistics.follow({ events });
  return { events, statistics };
}

const healthStatus: SyncStats['healthStatus'] = {
  status: 'HEALTHY',
  checks: {
    realtimeSyncActive: true,
    scheduledSyncActive: false,
    recentSyncSuccess: true,
    lowErrorRate: true,
  },
  recommendations: [],
};

const stats: SyncStats = {
  totalSynced: 7,
  lastSyncTime: null,
  lastSyncDuration: 1500,
  errors: 3,
  consecutiveFailures: 2,
  isRealTimeActive: true,
  isSyncInProgress: false,
  healthStatus,
};

const measured: Measured = {
  getSyncStats: () => stats,
  health: () => healthStatus,
  readings: () => ({
    memoryMb: 0,
    sourcePoolPercent: 25,
    chatPoolPercent: 50,
    failedPercent: 0.5,
    consecutiveFailures: 2,
  }),
  status: null,
  warnings: 4,
};

test('UT-19 a scheduled pass, or one that was asked for, is counted in milliseconds', () => {
  const { events, statistics } = following();
  using _statistics = statistics;
  expect([statistics.lastSyncDurationMs, statistics.lastSyncAtMs]).toEqual([0, null]);
  events.emit('comparison.finished', { pipeline, seconds: 1.5, drifted: 0, isWhole: true });
  expect(statistics.lastSyncDurationMs).toBe(1500);
  expect(statistics.lastSyncAtMs).toBeGreaterThan(0);
  events.emit('pass.finished', { pipeline, result: 'equal', seconds: 0.25 });
  expect(statistics.lastSyncDurationMs).toBe(250);
});

test('UT-19 a pass that did not come to its end leaves the last duration as it was', () => {
  const { events, statistics } = following();
  using _statistics = statistics;
  events.emit('comparison.finished', { pipeline, seconds: 1.5, drifted: 0, isWhole: true });
  events.emit('comparison.finished', { pipeline, seconds: 9, drifted: null, isWhole: false });
  events.emit('comparison.finished', { pipeline, seconds: 9, drifted: 0, isWhole: false });
  events.emit('pass.finished', { pipeline, result: 'failed', seconds: 9 });
  expect(statistics.lastSyncDurationMs).toBe(1500);
});

test('UT-20 metrics are in the units that their names say', () => {
  const values = Object.fromEntries(
    metricsText(measured)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(' ')),
  );
  expect(values).toMatchObject({
    sync_total_synced: '7',
    sync_errors: '3',
    sync_consecutive_failures: '2',
    sync_realtime_active: '1',
    sync_scheduled_active: '0',
    sync_last_duration_seconds: '1.5',
    sync_source_pool_use_ratio: '0.25',
    sync_chat_pool_use_ratio: '0.5',
    sync_error_rate_ratio: '0.005',
    sync_warnings: '4',
    sync_lag_seconds: 'NaN',
  });
});
