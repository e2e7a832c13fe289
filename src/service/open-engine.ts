import { dirname } from 'node:path';
import { EventBus } from '../engine/event-bus.ts';
import type { ControlStore } from '../protocol/control-store.ts';
import type { ResolvedConfig, ResolvedPipeline } from './config/resolved-config.ts';
import { openControlStore } from './control-store.ts';
import { unknownPipeline } from './failure.ts';
import type { Abortable, Lockstep } from './lockstep.ts';
import type { PipelineOperations } from './pipeline-operations.ts';

/** The engine over a configuration that was checked. Connects to nothing and opens no file until a verb needs it. */
export function openEngine(config: ResolvedConfig): Lockstep {
  return new Engine(config);
}

class Engine implements Lockstep {
  readonly pipelines: readonly string[];
  /** A listener that throws is a fault of the listener: it is told, and the work goes on. */
  readonly events = new EventBus((error, name) =>
    process.emitWarning(`a listener of ${name} failed: ${error.message}`),
  );
  readonly #config: ResolvedConfig;
  readonly #open = new Map<string, Promise<PipelineOperations>>();
  #store: Promise<ControlStore> | null = null;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    this.pipelines = [...config.pipelines.keys()];
  }

  async check(pipeline?: string, options: Abortable = {}) {
    return this.#each(pipeline, (operations) => operations.check(ownSignal(options)));
  }

  async plan(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).plan(ownSignal(options));
  }

  async run(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).run(ownSignal(options));
  }

  async verify(pipeline: string, options: Abortable & { readonly repair?: boolean | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.verify({ ...ownSignal(options), repair: options.repair ?? false });
  }

  async status(pipeline?: string, options: Abortable = {}) {
    return this.#each(pipeline, (operations) => operations.status(ownSignal(options)));
  }

  async approve(pipeline: string, options: Abortable & { readonly collection?: string | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.approve({ ...ownSignal(options), collection: options.collection });
  }

  async remove(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).remove(ownSignal(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    for (const pipeline of opened)
      if (pipeline.status === 'fulfilled') await pipeline.value[Symbol.asyncDispose]();
    const [store] = await Promise.allSettled([this.#store]);
    if (store.status === 'fulfilled') await store.value?.[Symbol.asyncDispose]();
  }

  /** One after the other: pipelines may share servers, and what is told stays readable. */
  async #each<Result>(
    pipeline: string | undefined,
    verb: (operations: PipelineOperations) => Promise<Result>,
  ): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const name of pipeline === undefined ? this.pipelines : [pipeline])
      results.push(await verb(await this.#pipeline(name)));
    return results;
  }

  #pipeline(name: string): Promise<PipelineOperations> {
    const opened = this.#open.get(name);
    if (opened !== undefined) return opened;
    const pipeline = this.#config.pipelines.get(name);
    if (pipeline === undefined) return Promise.reject(unknownPipeline(name, this.pipelines));
    const opening = this.#openPipeline(pipeline);
    this.#open.set(name, opening);
    return opening;
  }

  /** Imported late: whoever only reads a configuration pays for no engine. */
  async #openPipeline(pipeline: ResolvedPipeline): Promise<PipelineOperations> {
    const { openPipeline } = await import('./pipeline/open-pipeline.ts');
    return openPipeline(pipeline, {
      store: () => this.#openStore(),
      events: this.events,
      stateDirectory: dirname(this.#config.store.path),
    });
  }

  #openStore(): Promise<ControlStore> {
    this.#store ??= openControlStore(this.#config.store);
    return this.#store;
  }
}

/** A verb that nobody can abort gets a signal that never comes. */
const ownSignal = (options: Abortable) => ({ signal: options.signal ?? new AbortController().signal });
