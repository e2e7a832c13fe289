import { Registry } from 'prom-client';
import { HealthWatch } from '../../service/health.ts';
import type { Lockstep } from '../../service/lockstep.ts';
import type { AlertsResult, StatusResult } from '../../service/results.ts';
import type { StatusView } from '../../service/status-view.ts';
import { addAlertMetrics, addDeliveryMetrics } from './alert-metrics.ts';
import { addConnectionMetrics } from './connection-metrics.ts';
import { addCursorMetrics } from './cursor-metrics.ts';
import { addLagMetrics } from './lag-metrics.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { registerIn } from './register.ts';
import { addScheduleMetrics } from './schedule-metrics.ts';
import { addStatusMetrics } from './status-metrics.ts';
import { addStreamMetrics } from './stream-metrics.ts';
import { addTroubleMetrics } from './trouble-metrics.ts';

type MeteredEngine = Pick<Lockstep, 'events' | 'alerts'>;

/** All metrics of one engine, fed by its events and, when they are asked for, by its status. */
export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #statuses: StatusView;
  readonly #engine: MeteredEngine;
  readonly #setStatus: ReturnType<typeof addStatusMetrics>;
  readonly #setSchedules: ReturnType<typeof addScheduleMetrics>;
  readonly #setCursors: ReturnType<typeof addCursorMetrics>;
  readonly #setAlerts: ReturnType<typeof addAlertMetrics>;
  readonly #ends: readonly (() => void)[];

  /** `pipelines`: those that this process runs. */
  constructor(engine: MeteredEngine, statuses: StatusView, pipelines: readonly string[]) {
    const { events } = engine;
    this.#engine = engine;
    this.#statuses = statuses;
    const register = registerIn(this.#registry);
    const health = new HealthWatch(events, pipelines);
    this.#setStatus = addStatusMetrics(register, health);
    this.#setSchedules = addScheduleMetrics(register);
    this.#setCursors = addCursorMetrics(register);
    this.#setAlerts = addAlertMetrics(register);
    this.#ends = [
      addDeliveryMetrics(register, events),
      addConnectionMetrics(register, events),
      addStreamMetrics(register, events),
      addLagMetrics(register, events, pipelines),
      addTroubleMetrics(register, events, { pipelines, health }),
      addProcessMetrics(register),
      () => health[Symbol.dispose](),
    ];
  }

  /** What is registered, for the test that holds it against the catalogue. */
  get names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(signal: AbortSignal): Promise<string> {
    const results = await this.#readStatus(signal);
    this.#setStatus(results);
    this.#setSchedules(results);
    this.#setCursors(results);
    this.#setAlerts(await this.#readAlerts(signal));
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

  async #readAlerts(signal: AbortSignal): Promise<readonly AlertsResult[] | null> {
    try {
      return await this.#engine.alerts(undefined, { signal });
    } catch {
      return null;
    }
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }
}
