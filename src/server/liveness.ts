import type { PipelineStatus } from '../protocol/status.ts';
import type { Lockstep } from '../service/lockstep.ts';

/** A live pipeline tells its lag about once a second: silent for this long, it is stuck and not slow. */
const stuckAfterMs = 60_000;

export interface Stuck {
  readonly pipeline: string;
  readonly silentForMs: number;
}

/** Whether the process moves. Only pipelines that say they are live are expected to tell something all the time. */
export class Liveness implements Disposable {
  readonly #heard = new Map<string, number>();
  readonly #live = new Set<string>();
  readonly #ends: readonly (() => void)[];
  readonly #now: () => number;

  constructor(events: Lockstep['events'], now: () => number = () => performance.now()) {
    this.#now = now;
    const hear = ({ pipeline }: { readonly pipeline: string }): void => {
      this.#heard.set(pipeline, this.#now());
    };
    this.#ends = [
      events.on('status', (event) => {
        hear(event);
        this.#follow(event);
      }),
      events.on('lag', hear),
      events.on('window.applied', hear),
      events.on('breaker.opened', hear),
      events.on('retry', hear),
    ];
  }

  stuck(): readonly Stuck[] {
    return [...this.#live]
      .map((pipeline) => ({ pipeline, silentForMs: this.#now() - (this.#heard.get(pipeline) ?? 0) }))
      .filter(({ silentForMs }) => silentForMs > stuckAfterMs);
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends) end();
  }

  #follow({ pipeline, status }: { readonly pipeline: string; readonly status: PipelineStatus }): void {
    if (status === 'live') this.#live.add(pipeline);
    else this.#live.delete(pipeline);
  }
}
