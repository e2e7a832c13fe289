import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createLockstep,
  type Database,
  isLockstepError,
  type Lockstep,
  openDatabase,
  type StartedPipeline,
  type StatusResult,
  toLockstepError,
  withRetry,
} from '../../index.ts';
import type { Log } from '../program/log.ts';
import { notReady } from '../program/not-ready.ts';
import { configuration, pipeline, type Work } from './configuration.ts';
import { reconcile, recordEvents } from './errors/record-events.ts';
import { SyncErrors } from './errors/sync-errors.ts';
import { FailingUsers } from './failing-users.ts';
import { type HealthStatus, healthOf } from './health.ts';
import { factsOf } from './health-facts.ts';
import { LimitWatch, limitsOf, type Readings } from './limits.ts';
import { faultsOfTables } from './mapping/check-tables.ts';
import { readTables } from './mapping/tables.ts';
import { sayEvents } from './say-events.ts';
import type { DatabaseSettings, Settings } from './settings/settings.ts';
import { Statistics, type SyncStats } from './statistics.ts';
import { watchPasses } from './watch-passes.ts';

export interface ServiceOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** What relative paths start from. */
  readonly directory: string;
}

interface SignalOption {
  readonly signal: AbortSignal;
}

const statusEveryMs = 500;
/** What is left of 30 s for the process to end by itself. */
const drainMs = 27_000;

/** Keeps the chat's users in step with the marketplace's: an engine with one pipeline, and what people look at. */
export class UserTableSyncService implements AsyncDisposable {
  readonly settings: Settings;
  readonly errors: SyncErrors;
  readonly source: Database;
  readonly chat: Database;
  readonly #options: ServiceOptions;
  readonly #statistics = new Statistics();
  readonly #limits: LimitWatch;
  readonly #failing: FailingUsers;
  #engine: Lockstep | null = null;
  #status: StatusResult | null = null;
  #isScheduled = true;

  constructor(options: ServiceOptions) {
    const { settings, log, directory } = options;
    this.settings = settings;
    this.#options = options;
    this.#limits = new LimitWatch(limitsOf(settings), log);
    this.source = openDatabase(endpoint(settings.source, 'user-sync marketplace'));
    this.chat = openDatabase(endpoint(settings.chat, 'user-sync chat'));
    this.#failing = new FailingUsers({ source: this.source, statuses: settings.statuses, log });
    this.errors = new SyncErrors({
      chat: this.chat,
      directory: resolve(directory, settings.stateDirectory),
      retentionDays: settings.errorRetentionDays,
      log,
    });
  }

  /** The engine for some work, once both tables are found to fit. Throws `not-ready` with all that does not. */
  async open(work: Work, options: SignalOption): Promise<Lockstep> {
    const { settings, directory, log } = this.#options;
    const tables = await readTables(this, options);
    const faults = faultsOfTables(tables, settings);
    if (faults.length > 0) throw notReady(pipeline, faults);
    const engine = await createLockstep(configuration(settings, tables, work), { directory, env: {} });
    this.#engine = engine;
    this.#isScheduled = work.kind === 'live';
    this.#statistics.follow(engine);
    sayEvents(engine, log, settings.reconnectAttempts);
    recordEvents(engine, this.errors, settings.retry.attempts);
    return engine;
  }

  /** An engine that only looks at what is remembered, and asks: no database needs to be there. */
  async look(): Promise<Lockstep> {
    const { settings, directory } = this.#options;
    const unknown = { source: new Map(), chat: new Map() };
    const engine = await createLockstep(configuration(settings, unknown, { kind: 'live' }), {
      directory,
      env: {},
    });
    this.#engine = engine;
    return engine;
  }

  /** Runs until the signal aborts and all is drained; how it ended. A database that is away at the start is waited for. */
  async run(
    work: Work & { readonly kind: 'live' | 'realtime' },
    { signal }: SignalOption,
  ): Promise<StartedPipeline> {
    const { log, settings } = this.#options;
    const over = new AbortController();
    const sending = this.errors.run(over.signal);
    const watching = this.#watch(over.signal);
    try {
      const engine = await this.#openPatiently(work, signal);
      using _passes = watchPasses(engine, log, settings.intervalMs);
      await reconcile(engine, this.errors);
      const [ended] = await engine.startAll([pipeline], { signal, drainMs });
      if (ended === undefined) throw new Error('there is one pipeline');
      return ended;
    } catch (thrown) {
      // It was stopped while it waited for a database.
      if (!signal.aborted || !isLockstepError(thrown, 'interrupted')) throw thrown;
      return { pipeline, ended: 'drained', restarts: 0, failure: null };
    } finally {
      over.abort();
      await watching;
      await sending;
      log('INFO', 'Final statistics', { ...this.getSyncStats() });
    }
  }

  getSyncStats(): SyncStats {
    const statistics = this.#statistics;
    const healthStatus = this.health();
    return {
      totalSynced: statistics.totalSynced,
      lastSyncTime: isoOf(statistics.lastSyncAtMs),
      lastSyncDuration: statistics.lastSyncDurationMs,
      errors: statistics.errors,
      consecutiveFailures: statistics.consecutiveFailures,
      isRealTimeActive: healthStatus.checks.realtimeSyncActive,
      isSyncInProgress: statistics.isSyncInProgress,
      healthStatus,
    };
  }

  health(): HealthStatus {
    const { intervalMs, patienceMs } = this.settings;
    return healthOf(
      factsOf(this.#status, {
        intervalMs,
        patienceMs,
        failedShare: this.#failing.share,
        isScheduled: this.#isScheduled,
        appliedAgeMs: this.#statistics.appliedAgeMs,
        isPassFailing: this.#statistics.isPassFailing,
        warnings: this.#limits.passed.map(({ advice }) => advice).filter((advice) => advice !== null),
      }),
    );
  }

  /** What the contract expects to stay below limits. */
  readings(): Readings {
    const { source, chat } = this.settings;
    const { inUse, consecutiveFailures } = this.#statistics;
    return {
      memoryMb: process.memoryUsage.rss() / 1_000_000,
      sourcePoolPercent: (100 * (inUse.source + this.source.inUse)) / source.poolSize,
      chatPoolPercent: (100 * (inUse.destination + this.chat.inUse)) / chat.poolSize,
      failedPercent: 100 * this.#failing.share,
      consecutiveFailures,
    };
  }

  /** How many limits are passed. */
  get warnings(): number {
    return this.#limits.passed.length;
  }

  /** What the engine that runs the pipeline said last, in whatever process; null: nothing is known yet. */
  get status(): StatusResult | null {
    return this.#status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#statistics[Symbol.dispose]();
    await this.#failing[Symbol.asyncDispose]();
    await this.#engine?.[Symbol.asyncDispose]();
    await this.source[Symbol.asyncDispose]();
    await this.chat[Symbol.asyncDispose]();
  }

  #openPatiently(work: Work, signal: AbortSignal): Promise<Lockstep> {
    const { log, settings } = this.#options;
    return withRetry(() => this.#openRecorded(work, signal), {
      what: 'reach both databases',
      settings: { ...settings.retry, attempts: Number.POSITIVE_INFINITY },
      signal,
      onRetry: ({ error: { code, message: reason }, attempt, delayMs: nextInMs }) =>
        log(
          attempt === settings.reconnectAttempts ? 'ERROR' : 'WARNING',
          `Attempt ${attempt} to reach both databases failed`,
          { code, reason, nextInMs },
        ),
    });
  }

  async #openRecorded(work: Work, signal: AbortSignal): Promise<Lockstep> {
    try {
      return await this.open(work, { signal });
    } catch (thrown) {
      const { code, message } = toLockstepError(thrown);
      if (!signal.aborted) {
        this.#statistics.failed(code);
        this.errors.failed('REALTIME_SYNC_START_FAILED', { message, data: { code } });
      }
      throw thrown;
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [status] = (await this.#engine?.status(pipeline).catch(() => [])) ?? [];
      if (status !== undefined) {
        this.#status = status;
        this.#failing.look(lettersOf(status), { signal });
      }
      this.#limits.look(this.readings());
      await delay(statusEveryMs, undefined, { signal }).catch(() => undefined);
    }
  }
}

const endpoint = ({ poolSize: _pool, ...rest }: DatabaseSettings, applicationName: string) => ({
  ...rest,
  applicationName,
});

const lettersOf = ({ deadLetters }: StatusResult): number =>
  deadLetters.reduce((sum, { count }) => sum + count, 0);

const isoOf = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString());
