import { setTimeout as delay } from 'node:timers/promises';
import type { Lockstep } from '../../src/index.ts';

/** A live pipeline that runs until it is stopped. Disposing it ends the engine too. */
export interface StartedPipeline extends AsyncDisposable {
  /** Resolves when the condition holds; fails with what the pipeline died of, or after some time with what it does. */
  until(what: string, condition: () => Promise<boolean> | boolean): Promise<void>;
  /** Drains and ends; throws what it failed with. */
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly patienceMs: number;
  /** What it does, for whoever waited in vain. */
  readonly status: () => unknown;
}

/** Starts `it`. */
export function startPipeline(engine: Lockstep, { patienceMs, status }: StartOptions): StartedPipeline {
  const stopping = new AbortController();
  let over: { readonly error: unknown } | null = null;
  const running = engine.start('it', { signal: stopping.signal }).then(
    () => {
      over = { error: null };
    },
    (error: unknown) => {
      over = { error };
    },
  );
  const end = async (): Promise<void> => {
    stopping.abort(new Error('the test is over'));
    await running;
  };
  return {
    until: async (what, condition) => {
      const giveUpAt = performance.now() + patienceMs;
      while (!(await condition())) {
        if (over !== null) throw over.error ?? new Error(`the pipeline ended before ${what}`);
        if (performance.now() > giveUpAt)
          throw new Error(`not within ${patienceMs} ms: ${what}; ${JSON.stringify(status())}`);
        await delay(10);
      }
    },
    stop: async () => {
      await end();
      if (over?.error != null) throw over.error;
    },
    [Symbol.asyncDispose]: async () => {
      await end();
      await engine[Symbol.asyncDispose]();
    },
  };
}
