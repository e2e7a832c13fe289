import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Child, startChild } from '../support/child.ts';
import { ask } from './world/ask.ts';
import type { Places } from './world/configuration.ts';
import type { Verb } from './world/verb.ts';

const openTransactions = `SELECT datname, pid, now() - xact_start AS age, backend_xid, wait_event, left(query, 200) AS query
  FROM pg_stat_activity WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid() ORDER BY xact_start`;

const file = fileURLToPath(new URL('engine-program.ts', import.meta.url));

export interface EngineEnd {
  /** SIGKILL ended it, whoever sent it. */
  readonly killed: boolean;
  readonly error: string | null;
  readonly message: string;
  readonly result: unknown;
}

/** An engine in a process of its own, loaded and waiting until `go`. */
export class EngineProcess implements AsyncDisposable {
  readonly #child: Child;
  readonly #source: string;

  constructor(places: Places, verb: Verb, failpoint?: string) {
    this.#source = places.source;
    this.#child = startChild({
      file,
      args: [verb, JSON.stringify(places)],
      env: { LOCKSTEP_FAILPOINT: failpoint },
    });
  }

  async go(): Promise<void> {
    await this.#child.waitForLine('"ready"');
    this.#child.write('go\n');
  }

  get isOver(): Promise<unknown> {
    return this.#child.ended;
  }

  /** As good as dead, and may come back. */
  pause(): void {
    process.kill(this.#child.pid, 'SIGSTOP');
  }

  wake(): void {
    process.kill(this.#child.pid, 'SIGCONT');
  }

  kill(): Promise<unknown> {
    return this.#child.kill();
  }

  /** Drains and ends. */
  stop(): Promise<unknown> {
    return this.#child.kill('SIGTERM');
  }

  /** The next time it says so, from what it said last on. Fails with what the source's server was busy with: an engine waits for older transactions. */
  async waitForStatus(status: string, timeoutMs = 60_000): Promise<void> {
    try {
      await this.#child.waitForLine(`"status":"${status}"`, { timeoutMs });
    } catch (error) {
      const open = await ask(this.#source, openTransactions).catch(String);
      throw new Error(`transactions at the source: ${JSON.stringify(open)}`, { cause: error });
    }
  }

  get said(): string {
    return this.#child.stdout;
  }

  /** Fails when it does not end: a test that waited for ever would leave it behind, at work, beside all others. */
  async end({ patienceMs = 90_000 }: { readonly patienceMs?: number } = {}): Promise<EngineEnd> {
    const { signal, stdout, stderr } = await within(patienceMs, this.#child.ended, () => this.said);
    const last: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) || '""');
    const answer = typeof last === 'object' && last !== null ? last : {};
    return {
      killed: signal === 'SIGKILL',
      error: 'error' in answer ? String(answer.error) : null,
      message: 'message' in answer ? String(answer.message) : stderr,
      result: 'result' in answer ? answer.result : null,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

async function within<Result>(
  patienceMs: number,
  ended: Promise<Result>,
  said: () => string,
): Promise<Result> {
  if (patienceMs === Number.POSITIVE_INFINITY) return await ended;
  const over = new AbortController();
  const patience = delay(patienceMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`the engine has not ended after ${patienceMs} ms; it said ${said()}`);
  });
  try {
    return await Promise.race([ended, patience]);
  } finally {
    over.abort();
    await patience.catch(() => undefined);
  }
}

/** A verb in a process of its own, to its end. */
export async function runEngine(places: Places, verb: Verb, failpoint?: string): Promise<EngineEnd> {
  await using engine = new EngineProcess(places, verb, failpoint);
  await engine.go();
  return await engine.end();
}
