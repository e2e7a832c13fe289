import { catalogue, type ErrorCode } from '../../protocol/errors/catalogue.ts';
import type { EventMap } from '../../protocol/events.ts';
import type { PipelineStatus } from '../../protocol/status.ts';
import type { EventSource } from '../event-bus.ts';
import { RecentOutcomes } from './recent.ts';

/** What the process that runs a pipeline has seen of it, beyond what the control store says. */
export interface HealthReport {
  /** Since something succeeded last. */
  readonly failuresInARow: number;
  /** Of the last five minutes: windows and pieces of passes against failures. */
  readonly recent: { readonly succeeded: number; readonly failed: number };
  /** Since when the pipeline can't begin because a side is not reached; null: it has begun, or fails for another reason. */
  readonly unreachableSinceMs: number | null;
  /** When something became durable last; null: not since we look. */
  readonly movedAtMs: number | null;
}

/** Both sides answered. */
const begun: readonly PipelineStatus[] = ['copying', 'live', 'healing', 'idle'];
/** Nothing is troubled: what failed before is over. */
const sound: readonly PipelineStatus[] = ['live', 'idle'];

const wholePipeline = 'the pipeline';

/** Follows the events of one pipeline. */
export class PipelineHealth implements Disposable {
  readonly #now: () => number;
  readonly #recent = new RecentOutcomes();
  readonly #ends: readonly (() => void)[];
  #failures = 0;
  #unreachableSinceMs: number | null = null;
  #movedAtMs: number | null = null;
  /** Its failure was counted; that it is started again says nothing more. */
  #hasFailed = false;

  constructor(
    pipeline: string,
    { events, now }: { readonly events: EventSource; readonly now: () => number },
  ) {
    this.#now = now;
    const mine =
      <Event extends { readonly pipeline: string }>(hear: (event: Event) => void) =>
      (event: Event): void => {
        if (event.pipeline === pipeline) hear(event);
      };
    this.#ends = [
      events.on(
        'retry',
        mine((event) => this.#retried(event)),
      ),
      events.on(
        'failed',
        mine((event) => this.#failed(event)),
      ),
      events.on(
        'status',
        mine((event) => this.#said(event)),
      ),
      events.on(
        'window.applied',
        mine(() => this.#moved()),
      ),
      events.on(
        'partition.finished',
        mine(() => this.#moved()),
      ),
      events.on(
        'rows.done',
        mine(() => this.#succeeded()),
      ),
      events.on(
        'breaker.closed',
        mine(() => this.#succeeded()),
      ),
      events.on(
        'pass.finished',
        mine((event) => this.#passed(event)),
      ),
    ];
  }

  report(): HealthReport {
    return {
      failuresInARow: this.#failures,
      recent: this.#recent.counts(this.#now()),
      unreachableSinceMs: this.#unreachableSinceMs,
      movedAtMs: this.#movedAtMs,
    };
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #retried({ what, code }: EventMap['retry']): void {
    const isWhole = what === wholePipeline;
    if (!(isWhole && this.#hasFailed)) this.#count();
    this.#hasFailed = false;
    if (isWhole) this.#unreached(code);
  }

  /** A collection that stops is a trouble of its own, while the others go on. */
  #failed({ collection, code }: EventMap['failed']): void {
    if (code === 'interrupted' || code === 'fence-lost') return;
    if (collection !== null) {
      this.#recent.add('failed', this.#now());
      return;
    }
    this.#count();
    this.#hasFailed = true;
    this.#unreached(code);
  }

  #said({ status }: EventMap['status']): void {
    if (begun.includes(status)) this.#unreachableSinceMs = null;
    if (sound.includes(status)) this.#succeeded();
  }

  #passed({ result }: EventMap['pass.finished']): void {
    if (result !== 'failed' && result !== 'interrupted') this.#moved();
  }

  #moved(): void {
    const nowMs = this.#now();
    this.#movedAtMs = nowMs;
    this.#recent.add('succeeded', nowMs);
    this.#succeeded();
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#hasFailed = false;
    this.#unreachableSinceMs = null;
  }

  #count(): void {
    this.#failures += 1;
    this.#recent.add('failed', this.#now());
  }

  #unreached(code: ErrorCode): void {
    if (catalogue[code].exit === 'connection') this.#unreachableSinceMs ??= this.#now();
  }
}
