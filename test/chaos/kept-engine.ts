import { EngineProcess } from './engine-process.ts';
import type { Places } from './world/configuration.ts';

export interface KeptOptions {
  /** Armed in one process after the other; when the list is at its end, processes are left in peace. */
  readonly failpoints?: readonly string[];
}

/** A live engine that is started again whenever it was killed, as whoever runs services does. */
export class KeptEngine implements AsyncDisposable {
  readonly #places: Places;
  readonly #failpoints: readonly string[];
  readonly #running: Promise<void>;
  readonly #failed = Promise.withResolvers<never>();
  #current: EngineProcess;
  readonly #told: string[] = [];
  #stopping = false;
  #disposed = false;
  #kills = 0;

  constructor(places: Places, { failpoints = [] }: KeptOptions = {}) {
    this.#places = places;
    this.#failpoints = failpoints;
    this.#failed.promise.catch(() => {}); // whoever waits hears of it
    this.#current = this.#next();
    this.#running = this.#run();
  }

  get kills(): number {
    return this.#kills;
  }

  /** What its processes told of history that is missing. */
  get gaps(): readonly string[] {
    return [...this.#told, this.#current.said].flatMap((said) => said.match(/^{"gap":.*$/gm) ?? []);
  }

  get current(): EngineProcess {
    return this.#current;
  }

  /** Rejects when it failed by itself. */
  get alive(): Promise<never> {
    return this.#failed.promise;
  }

  /** Drains and ends, however often it is killed meanwhile. */
  async stop(): Promise<void> {
    this.#stopping = true;
    void this.#stopOnceLive(this.#current);
    await Promise.race([this.#failed.promise, this.#running]);
  }

  /** One that was killed before is no longer there to be told. */
  #stopOnceLive(engine: EngineProcess): Promise<unknown> {
    return engine.waitForStatus('live').then(
      () => engine.stop(),
      () => null,
    );
  }

  #next(): EngineProcess {
    return new EngineProcess(this.#places, 'start', this.#failpoints[this.#kills]);
  }

  async #run(): Promise<void> {
    for (;;) {
      const engine = this.#current;
      await engine.go().catch(() => null); // ended before it began: that is seen by its end
      const { killed, error, message } = await engine.end({ patienceMs: Number.POSITIVE_INFINITY });
      if (this.#disposed) return;
      if (!killed) {
        const wasMeant = this.#stopping && (error === null || error === 'interrupted');
        if (!wasMeant)
          this.#failed.reject(new Error(`the engine ended (${error}): ${message}${engine.said}`));
        return;
      }
      this.#kills += 1;
      this.#told.push(engine.said);
      this.#current = this.#next();
      if (this.#stopping) void this.#stopOnceLive(this.#current);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    await this.#current.kill();
    await this.#running;
  }
}
