import type { EventMap } from '../protocol/events.ts';
import type { Lockstep } from './lockstep.ts';
import type { StatusResult } from './results.ts';

type Told = Pick<EventMap['status'], 'status' | 'reason' | 'nextStep'> & { readonly sinceMs: number };

/**
 * The status of pipelines as the control store has it, which knows nothing of one that this process could not begin (a server is away, it is
 * to be tried again): as long as nobody owns it, what this process told itself is newer.
 */
export class StatusView implements Disposable {
  readonly #engine: Pick<Lockstep, 'status'>;
  readonly #told = new Map<string, Told>();
  readonly #end: () => void;

  constructor(engine: Pick<Lockstep, 'status' | 'events'>) {
    this.#engine = engine;
    this.#end = engine.events.on('status', ({ pipeline, status, reason, nextStep }) => {
      const before = this.#told.get(pipeline);
      const sinceMs = before?.status === status ? before.sinceMs : Date.now();
      this.#told.set(pipeline, { status, reason, nextStep, sinceMs });
    });
  }

  async read(pipeline: string | undefined, signal: AbortSignal): Promise<readonly StatusResult[]> {
    const results = await this.#engine.status(pipeline, { signal });
    return results.map((result) => (result.owner === null ? this.#overlaid(result) : result));
  }

  /** Another process owns it, as far as this one was told. */
  isStandby(pipeline: string): boolean {
    return this.#told.get(pipeline)?.status === 'standby';
  }

  [Symbol.dispose](): void {
    this.#end();
  }

  #overlaid(result: StatusResult): StatusResult {
    const told = this.#told.get(result.pipeline);
    return told === undefined ? result : { ...result, ...told };
  }
}
