import type { ConnectorNotice } from '../../../protocol/connector.ts';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { PostgresConfig } from '../config.ts';
import { connect } from './connect.ts';
import { type BackendState, backendState } from './watchdog.sql.ts';

export interface WatchdogOptions {
  readonly config: PostgresConfig;
  readonly address: string;
  readonly processId: number;
  /** When the last byte came, in `performance.now()` milliseconds. */
  readonly lastByteAt: () => number;
  readonly notice: (notice: ConnectorNotice) => void;
  readonly destroy: (error: LockstepError) => void;
}

/**
 * Tells a slow server from a dead connection. While we wait and no byte comes for `stallTimeoutMs`, the server is asked
 * over a fresh connection what our backend does:
 *
 * | answer                                | reaction                                     |
 * |---------------------------------------|----------------------------------------------|
 * | none: unreachable                     | the connection is destroyed                  |
 * | no such backend                       | the connection is destroyed                  |
 * | it waits for us (idle, ClientRead …)  | the connection is destroyed: both would wait |
 * | it waits for a lock                   | a notice that names who holds it; go on      |
 * | it works                              | go on                                        |
 */
export class Watchdog implements Disposable {
  readonly #options: WatchdogOptions;
  readonly #stallMs: number;
  #waiting = 0;
  #quietSince = 0;
  #timer: NodeJS.Timeout | null = null;
  #probing = false;
  #disposed = false;

  constructor(options: WatchdogOptions) {
    this.#options = options;
    this.#stallMs = options.config.stallTimeoutMs;
  }

  /** We wait for the server from now until the result is disposed of. */
  watch(): Disposable {
    if (this.#waiting === 0) this.#quietSince = performance.now();
    this.#waiting += 1;
    this.#timer ??= setInterval(() => this.#look(), Math.min(1000, Math.ceil(this.#stallMs / 4))).unref();
    return {
      [Symbol.dispose]: () => {
        this.#waiting -= 1;
      },
    };
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    const quietMs = performance.now() - Math.max(this.#quietSince, this.#options.lastByteAt());
    if (this.#waiting === 0 || this.#probing || quietMs < this.#stallMs) return;
    this.#probing = true;
    void this.#probe(quietMs).finally(() => {
      this.#probing = false;
      this.#quietSince = performance.now();
    });
  }

  async #probe(quietMs: number): Promise<void> {
    const askedAt = performance.now();
    const state = await ask(this.#options.config, this.#options.processId);
    // Whatever came meanwhile is a better answer.
    if (this.#disposed || this.#waiting === 0 || this.#options.lastByteAt() > askedAt) return;
    const verdict = judge(state);
    if (verdict === 'works') return;
    if (verdict === 'locked')
      return this.#options.notice({
        kind: 'waiting',
        message: describeWait(state),
      });
    const seconds = Math.round(quietMs / 1000);
    this.#options.destroy(
      new LockstepError('connection-stalled', {
        address: this.#options.address,
        seconds,
      }),
    );
  }
}

type Verdict = 'dead' | 'locked' | 'works';

function judge(state: BackendState | null): Verdict {
  if (state === null || state.state === 'idle' || state.state === 'idle in transaction') return 'dead';
  if (state.waitType === 'Client') return 'dead';
  return state.waitType === 'Lock' ? 'locked' : 'works';
}

function describeWait(state: BackendState | null): string {
  const blockers = state?.blockers.length ? ` held by process ${state.blockers.join(', ')}` : '';
  return `waiting since ${state?.since ?? '?'} for a lock (${state?.waitEvent ?? '?'})${blockers}`;
}

/** Null: the server can't be reached, or has no such backend. */
async function ask(config: PostgresConfig, processId: number): Promise<BackendState | null> {
  const timeoutMs = Math.min(config.connectTimeoutMs, config.stallTimeoutMs);
  try {
    const { client } = await connect(
      { ...config, connectTimeoutMs: timeoutMs },
      AbortSignal.timeout(timeoutMs),
    );
    const timer = setTimeout(() => client.connection.stream.destroy(), timeoutMs);
    try {
      const { rows } = await client.query<BackendState>(backendState, [processId]);
      return rows[0] ?? null;
    } finally {
      clearTimeout(timer);
      client.connection.stream.destroy();
    }
  } catch {
    return null;
  }
}
