import type { PipelineStatus } from '../protocol/status.ts';
import type { Lockstep } from '../service/lockstep.ts';

export interface PipelineReadiness {
  readonly pipeline: string;
  readonly ready: boolean;
  readonly status: PipelineStatus;
  /** Why it is not; empty when it is. */
  readonly reason: string;
}

interface Known {
  readonly status: PipelineStatus;
  readonly reason: string;
  /** Was in step once since this process began: from then on the target has all of its rows. */
  readonly caughtUp: boolean;
}

const beforeAnything: Known = { status: 'starting', reason: 'it has not begun', caughtUp: false };

const caughtUpIn: readonly PipelineStatus[] = ['live', 'idle'];
const readyIn: readonly PipelineStatus[] = ['live', 'idle', 'healing'];

/** Whether readers of the targets may be sent to them: each pipeline caught up once, and still flows. */
export class Readiness implements Disposable {
  readonly #known: Map<string, Known>;
  readonly #end: () => void;

  constructor(events: Lockstep['events'], pipelines: readonly string[]) {
    this.#known = new Map(pipelines.map((name) => [name, beforeAnything]));
    this.#end = events.on('status', ({ pipeline, status, reason }) => {
      const before = this.#known.get(pipeline);
      if (before === undefined) return;
      const caughtUp = before.caughtUp || caughtUpIn.includes(status);
      this.#known.set(pipeline, { status, reason, caughtUp });
    });
  }

  report(): { readonly ready: boolean; readonly pipelines: readonly PipelineReadiness[] } {
    const pipelines = [...this.#known].map(([pipeline, known]) => readinessOf(pipeline, known));
    return { ready: pipelines.every(({ ready }) => ready), pipelines };
  }

  [Symbol.dispose](): void {
    this.#end();
  }
}

function readinessOf(pipeline: string, { status, reason, caughtUp }: Known): PipelineReadiness {
  const ready = caughtUp && readyIn.includes(status);
  const why = caughtUp ? reason : `${reason}; it was not in step yet since this process began`;
  return { pipeline, ready, status, reason: ready ? '' : why };
}
