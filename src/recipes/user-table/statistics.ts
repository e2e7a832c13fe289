import type { ErrorCode, Lockstep } from '../../index.ts';
import { isTrouble, standsBy } from './errors/record-events.ts';
import type { HealthStatus } from './health.ts';

/** What `getSyncStats()` answers. */
export interface SyncStats {
  readonly totalSynced: number;
  /** ISO 8601; null: not yet. */
  readonly lastSyncTime: string | null;
  readonly lastSyncDuration: number;
  readonly errors: number;
  readonly consecutiveFailures: number;
  readonly isRealTimeActive: boolean;
  readonly isSyncInProgress: boolean;
  readonly healthStatus: HealthStatus;
}

/** A walk is told of when the attempts of its steps are used up. */
const isOfPass = /^walk /;

/** Counts what this process did, from what its engine tells. */
export class Statistics implements Disposable {
  totalSynced = 0;
  errors = 0;
  lastSyncAtMs: number | null = null;
  lastSyncDurationMs = 0;
  isSyncInProgress = false;
  /** Connections that were at work at one time lately. */
  readonly inUse = { source: 0, destination: 0 };
  /** Since changes flowed last, and since a pass came to its end last: what is in step says nothing about passes. */
  readonly #inRow = { changes: 0, passes: 0 };
  #appliedAt = Number.NEGATIVE_INFINITY;
  #ends: readonly (() => void)[] = [];

  follow({ events }: Pick<Lockstep, 'events'>): void {
    this[Symbol.dispose]();
    this.#ends = [
      events.on('window.applied', ({ shard, inserted, updated, left }) => {
        this.totalSynced += inserted + updated + left;
        // One without is a pass's, which goes on while nobody tells of changes.
        if (shard !== '') this.#inRow.changes = 0;
        this.#appliedAt = performance.now();
      }),
      events.on('collection.finished', ({ counts }) => {
        this.totalSynced += counts.copied + counts.inserted + counts.updated;
      }),
      events.on('dead-letter.put', () => {
        this.errors += 1;
      }),
      events.on('connections', ({ side, inUse }) => {
        this.inUse[side] = inUse;
      }),
      events.on('lag', ({ lag }) => {
        if (lag.kind === 'inStep') this.#inRow.changes = 0;
      }),
      events.on('retry', ({ what, code }) => this.failed(code, isOfPass.test(what) ? 'passes' : 'changes')),
      events.on('failed', ({ code }) => this.failed(code)),
      events.on('comparison.started', () => {
        this.isSyncInProgress = true;
      }),
      events.on('comparison.finished', ({ seconds, drifted, isWhole }) => {
        this.isSyncInProgress = false;
        if (isWhole) this.#succeeded(seconds);
        // It ended, and the users have stopped: nobody was compared.
        else if (drifted !== null) this.#failedOnce('passes');
      }),
      // A walk came to its end, whoever asked for it.
      events.on('healed', () => {
        this.#inRow.passes = 0;
      }),
      events.on('pass.finished', ({ result, seconds }) => {
        if (result === 'equal' || result === 'pending') this.#succeeded(seconds);
      }),
    ];
  }

  /** Of following changes or of passes, whichever has more. */
  get consecutiveFailures(): number {
    return Math.max(this.#inRow.changes, this.#inRow.passes);
  }

  /** The pass that is under way has failed, or none has come to its end since one did. */
  get isPassFailing(): boolean {
    return this.#inRow.passes > 0;
  }

  /** Since changes were brought to the chat; null: none were. */
  get appliedAgeMs(): number | null {
    return Number.isFinite(this.#appliedAt) ? performance.now() - this.#appliedAt : null;
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  failed(code: ErrorCode, of: 'changes' | 'passes' = 'changes'): void {
    if (standsBy(code)) this.#startAnew();
    if (isTrouble(code)) this.#failedOnce(of);
  }

  #failedOnce(of: 'changes' | 'passes'): void {
    this.errors += 1;
    this.#inRow[of] += 1;
  }

  #succeeded(seconds: number): void {
    this.lastSyncAtMs = Date.now();
    this.lastSyncDurationMs = Math.round(seconds * 1000);
    this.#startAnew();
  }

  /** All is well, or another process works: what failed before is not ours any more. */
  #startAnew(): void {
    this.#inRow.changes = 0;
    this.#inRow.passes = 0;
  }
}
