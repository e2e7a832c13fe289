import { toError } from '../../protocol/errors/lockstep-error.ts';
import { LeaveGauge, type Movement } from './leave-gauge.ts';

interface Moved {
  readonly movement: Movement;
  readonly atMs: number;
}

/**
 * The gauge of each collection. Rows are counted beside the stream, since with a large table that takes minutes: only what leaves waits for
 * it. What moves while it is counted may be counted twice or not at all, which is little against a share of all rows.
 */
export class Gauges {
  readonly #counting = new Map<string, Promise<LeaveGauge | Error>>();
  readonly #counted = new Map<string, LeaveGauge>();
  readonly #movedSince = new Map<string, Moved[]>();

  /** `count`: the rows that a collection has now; repeats itself for as long as it takes. */
  constructor(names: Iterable<string>, count: (name: string) => Promise<number>) {
    for (const name of names) {
      this.#movedSince.set(name, []);
      // What went wrong is thrown to whoever needs the gauge.
      this.#counting.set(name, this.#begin(name, count).catch(toError));
    }
  }

  /** Undefined: there is no such collection. */
  async of(name: string): Promise<LeaveGauge | undefined> {
    const gauge = await this.#counting.get(name);
    if (gauge instanceof Error) throw gauge;
    return gauge;
  }

  moved(name: string, movement: Movement, nowMs: number): void {
    const counted = this.#counted.get(name);
    if (counted !== undefined) counted.moved(movement, nowMs);
    else this.#movedSince.get(name)?.push({ movement, atMs: nowMs });
  }

  async #begin(name: string, count: (name: string) => Promise<number>): Promise<LeaveGauge> {
    const gauge = new LeaveGauge(await count(name));
    for (const { movement, atMs } of this.#movedSince.get(name) ?? []) gauge.moved(movement, atMs);
    this.#movedSince.delete(name);
    this.#counted.set(name, gauge);
    return gauge;
  }
}
