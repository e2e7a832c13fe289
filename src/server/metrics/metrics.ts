import { Registry } from 'prom-client';
import type { Lockstep } from '../../service/lockstep.ts';
import type { StatusResult } from '../../service/results.ts';
import type { StatusView } from '../status-view.ts';
import { addLagMetrics } from './lag-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { addScheduleMetrics } from './schedule-metrics.ts';
import { addStatusMetrics } from './status-metrics.ts';
import { addStreamMetrics } from './stream-metrics.ts';
import { addTroubleMetrics } from './trouble-metrics.ts';

/** All metrics of one engine, fed by its events and, when they are asked for, by its status. */
export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #statuses: StatusView;
  readonly #setStatus: ReturnType<typeof addStatusMetrics>;
  readonly #setSchedules: ReturnType<typeof addScheduleMetrics>;
  readonly #ends: readonly (() => void)[];

  /** `pipelines`: those that this process runs. */
  constructor(events: Lockstep['events'], statuses: StatusView, pipelines: readonly string[]) {
    this.#statuses = statuses;
    this.#setStatus = addStatusMetrics(this.#registry);
    this.#setSchedules = addScheduleMetrics(this.#registry);
    this.#ends = [
      addStreamMetrics(this.#registry, events),
      addLagMetrics(this.#registry, events, pipelines),
      addTroubleMetrics(this.#registry, events, pipelines),
      addProcessMetrics(this.#registry),
    ];
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(signal: AbortSignal): Promise<string> {
    const results = await this.#readStatus(signal);
    this.#setStatus(results);
    this.#setSchedules(results);
    return await this.#registry.metrics();
  }

  /** What the events told is wanted most when the control store can't be read: that is a metric of its own then. */
  async #readStatus(signal: AbortSignal): Promise<readonly StatusResult[] | null> {
    try {
      return await this.#statuses.read(undefined, signal);
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}
