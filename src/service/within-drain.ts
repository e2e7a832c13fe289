import type { StartedPipeline } from './live-results.ts';

/** What runs; once the signal aborts it has `drainMs` to end. What has not by then is left where it is. */
export async function withinDrain(
  running: Promise<readonly StartedPipeline[]>,
  { pipelines, signal, drainMs }: DrainOptions,
): Promise<readonly StartedPipeline[]> {
  const over = new AbortController();
  const limit = new Promise<readonly StartedPipeline[]>((resolve) => {
    const giveUp = () => resolve(pipelines.map((pipeline) => notDrained(pipeline, drainMs)));
    const start = () => {
      const timer = setTimeout(giveUp, drainMs);
      over.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    };
    if (signal.aborted) start();
    else signal.addEventListener('abort', start, { once: true, signal: over.signal });
  });
  try {
    return await Promise.race([running, limit]);
  } finally {
    over.abort();
  }
}

interface DrainOptions {
  readonly pipelines: readonly string[];
  readonly signal: AbortSignal;
  readonly drainMs: number;
}

const notDrained = (pipeline: string, drainMs: number): StartedPipeline => ({
  pipeline,
  ended: 'failed',
  restarts: 0,
  failure: {
    code: 'interrupted',
    message: `what was under way did not end within ${drainMs / 1000} s`,
    cure: 'Start it again: it goes on from there.',
  },
});
