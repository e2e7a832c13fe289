import type { UserTableSyncService } from './service.ts';

/** What metrics are made of. */
export type Measured = Pick<
  UserTableSyncService,
  'getSyncStats' | 'health' | 'readings' | 'status' | 'warnings'
>;

interface Metric {
  readonly type: 'counter' | 'gauge';
  readonly about: string;
  readonly of: (service: Measured) => number;
}

const flag = (value: boolean): number => (value ? 1 : 0);

/** Names that dashboards know; the engine's own metrics have others. */
export const metrics: Readonly<Record<string, Metric>> = {
  sync_total_synced: {
    type: 'counter',
    about: 'Users that were written to the chat by this process',
    of: (service) => service.getSyncStats().totalSynced,
  },
  sync_errors: {
    type: 'counter',
    about: 'Failures that this process has seen',
    of: (service) => service.getSyncStats().errors,
  },
  sync_consecutive_failures: {
    type: 'gauge',
    about: 'Failures since the last success: of following changes or of passes, whichever has more',
    of: (service) => service.getSyncStats().consecutiveFailures,
  },
  sync_realtime_active: {
    type: 'gauge',
    about: '1: changes are followed',
    of: (service) => flag(service.health().checks.realtimeSyncActive),
  },
  sync_scheduled_active: {
    type: 'gauge',
    about: '1: passes begin when they are due',
    of: (service) => flag(service.health().checks.scheduledSyncActive),
  },
  sync_last_duration_seconds: {
    type: 'gauge',
    about: 'What the last pass took',
    of: (service) => service.getSyncStats().lastSyncDuration / 1000,
  },
  sync_in_progress: {
    type: 'gauge',
    about: '1: a pass is under way',
    of: (service) => flag(service.getSyncStats().isSyncInProgress),
  },
  sync_healthy: {
    type: 'gauge',
    about: '1: all checks of /health hold',
    of: (service) => flag(service.health().status === 'HEALTHY'),
  },
  sync_dead_letters: {
    type: 'gauge',
    about: 'Users that can’t be synchronised for a reason of their own',
    of: (service) => service.status?.deadLetters.reduce((sum, { count }) => sum + count, 0) ?? 0,
  },
  sync_lag_seconds: {
    type: 'gauge',
    about: 'How far the chat is behind; NaN: not known',
    of: (service) => lagOf(service),
  },
  sync_memory_bytes: {
    type: 'gauge',
    about: 'Resident memory of this process',
    of: () => process.memoryUsage.rss(),
  },
  sync_source_pool_use_ratio: {
    type: 'gauge',
    about: 'Connections to the marketplace that are at work, of SOURCE_DB_POOL_SIZE',
    of: (service) => service.readings().sourcePoolPercent / 100,
  },
  sync_chat_pool_use_ratio: {
    type: 'gauge',
    about: 'Connections to the chat that are at work, of CHAT_DB_POOL_SIZE',
    of: (service) => service.readings().chatPoolPercent / 100,
  },
  sync_error_rate_ratio: {
    type: 'gauge',
    about: 'Users that can’t be synchronised now, of all that belong in the chat',
    of: (service) => service.readings().failedPercent / 100,
  },
  sync_warnings: {
    type: 'gauge',
    about: 'Limits that are passed: memory, pools, users that fail, failures in a row',
    of: (service) => service.warnings,
  },
};

function lagOf({ status }: Pick<Measured, 'status'>): number {
  const lag = status?.live?.lag;
  if (lag?.kind === 'behind') return lag.milliseconds / 1000;
  return lag?.kind === 'inStep' ? 0 : Number.NaN;
}

/** In the text format of Prometheus. */
export const metricsText = (service: Measured): string =>
  Object.entries(metrics)
    .flatMap(([name, { type, about, of }]) => [
      `# HELP ${name} ${about}`,
      `# TYPE ${name} ${type}`,
      `${name} ${of(service)}`,
    ])
    .join('\n')
    .concat('\n');
