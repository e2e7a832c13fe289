import { EventBus } from '../engine/event-bus.ts';
import { Keyring } from '../store/secrets/keyring.ts';
import type { Alerting } from './alerts/alerting.ts';
import { endsOf, toldAtTheEnd } from './alerts/told-at-the-end.ts';
import type { ResolvedConfig, ResolvedPipeline } from './config/resolved-config.ts';
import { openStoredConnections, type StoredConnections } from './connections/connections.ts';
import { unknownPipeline } from './failure.ts';
import { createSealer, type Sealer } from './letters/seal.ts';
import type { Abortable, Asking, ChoosingGeneration, Lockstep } from './lockstep.ts';
import type { LetterChoice } from './pipeline/chosen-letters.ts';
import { ConnectionMeters } from './pipeline/connection-meters.ts';
import type { LetterQuery } from './pipeline/letters.ts';
import type { PipelineOperations } from './pipeline-operations.ts';
import { createRedactor, wordsOf } from './redact.ts';
import type { CheckResult } from './results.ts';
import { openSecrets, type Secrets } from './secrets/sealed/secrets.ts';
import { StoreHandle } from './store-handle.ts';
import { supervise } from './supervise.ts';
import { withinDrain } from './within-drain.ts';

/** The engine over a configuration that was checked. Connects to nothing and opens no file until a verb needs it. */
export function openEngine(config: ResolvedConfig): Lockstep {
  return new Engine(config);
}

class Engine implements Lockstep {
  readonly pipelines: readonly string[];
  readonly livePipelines: readonly string[];
  readonly startedPipelines: readonly string[];
  /** A listener that throws is a fault of the listener: it is told, and the work goes on. */
  readonly events = new EventBus((error, name) =>
    process.emitWarning(`a listener of ${name} failed: ${error.message}`),
  );
  readonly secrets: Secrets;
  readonly connections: StoredConnections;
  readonly #config: ResolvedConfig;
  readonly #sealer: Sealer;
  readonly #open = new Map<string, Promise<PipelineOperations>>();
  readonly #meters = new ConnectionMeters(this.events);
  readonly #store: StoreHandle;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    this.#store = new StoreHandle(config.store);
    const ring = new Keyring(config.store.keys, (reread) => this.events.emit('keys.reread', reread));
    this.#sealer = createSealer(ring);
    this.secrets = openSecrets({ store: () => this.#store.get(), ring, references: config.references });
    this.connections = openStoredConnections({ handle: this.#store, ring, uses: config.connectionUses });
    this.pipelines = [...config.pipelines.keys()];
    this.livePipelines = this.pipelines.filter(
      (name) => config.pipelines.get(name)?.settings.mode === 'live',
    );
    this.startedPipelines = this.pipelines.filter((name) => isStarted(config.pipelines.get(name)));
  }

  async check(pipeline?: string, options: Abortable = {}) {
    const { signal } = ownSignal(options);
    const [only, ...others] = pipeline === undefined ? this.pipelines : [pipeline];
    if (only === undefined || others.length === 0) return this.#each(only, (of) => of.check({ signal }));
    return await this.#checkEach([only, ...others], signal);
  }

  async plan(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).plan(ownSignal(options));
  }

  async run(pipeline: string, options: Abortable & { readonly compare?: boolean | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    const { signal } = ownSignal(options);
    await using alerting = await this.#watch([pipeline]);
    const { compare = false } = options;
    return await toldAtTheEnd(alerting, { pipeline, signal }, () => operations.run({ signal, compare }));
  }

  async verify(
    pipeline: string,
    options: Omit<Asking, 'wait'> & { readonly repair?: boolean | undefined } = {},
  ) {
    const operations = await this.#pipeline(pipeline);
    const { repair = false, onProgress } = options;
    return operations.verify({ ...ownSignal(options), repair, onProgress });
  }

  async status(pipeline?: string, options: Abortable = {}) {
    return this.#each(pipeline, (operations) => operations.status(ownSignal(options)));
  }

  async runs(pipeline: string, options: Abortable & { readonly limit?: number | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.runs({ ...ownSignal(options), limit: options.limit ?? 100 });
  }

  async alerts(pipeline?: string, options: Abortable = {}) {
    return this.#each(pipeline, (operations) => operations.alerts(ownSignal(options)));
  }

  async testAlerts(targets?: readonly string[], options: Abortable = {}) {
    const { testTargets } = await import('./alerts/test-targets.ts');
    return testTargets(this.#config.alerts, { chosen: targets ?? null, ...ownSignal(options) });
  }

  async approve(pipeline: string, options: Abortable & { readonly collection?: string | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.approve({ ...ownSignal(options), collection: options.collection });
  }

  async remove(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).remove(ownSignal(options));
  }

  async start(pipeline: string, options: Abortable = {}) {
    const operations = await this.#pipeline(pipeline);
    const { signal } = ownSignal(options);
    await using alerting = await this.#watch([pipeline]);
    return await toldAtTheEnd(alerting, { pipeline, signal }, () => operations.start({ signal }));
  }

  async startAll(
    pipelines: readonly string[] = this.startedPipelines,
    { drainMs, ...options }: Abortable & { readonly drainMs?: number | undefined } = {},
  ) {
    const start = async (name: string, { signal }: { readonly signal: AbortSignal }) =>
      (await this.#pipeline(name)).start({ signal, standsBy: true });
    const { signal } = ownSignal(options);
    await using alerting = await this.#watch(pipelines);
    const running = supervise({ pipelines, start, events: this.events, signal });
    const ended = await (drainMs === undefined
      ? running
      : withinDrain(running, { pipelines, signal, drainMs }));
    await alerting.finish(endsOf(ended), signal);
    return ended;
  }

  async pause(pipeline: string, options: Abortable & { readonly reason?: string | undefined } = {}) {
    return (await this.#pipeline(pipeline)).pause({ ...ownSignal(options), reason: options.reason });
  }

  async resume(pipeline: string, options: Abortable & { readonly yes?: boolean | undefined } = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.resume({ ...ownSignal(options), yes: options.yes ?? false });
  }

  async resync(
    pipeline: string,
    options: Asking & { readonly collections?: readonly string[] | undefined } = {},
  ) {
    const operations = await this.#pipeline(pipeline);
    return operations.resync({ ...asking(options), collections: options.collections ?? null });
  }

  async askRepair(pipeline: string, options: Asking = {}) {
    return (await this.#pipeline(pipeline)).askRepair(asking(options));
  }

  async letters(pipeline: string, options: Abortable & Partial<LetterQuery> = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.letters({ ...options, ...ownSignal(options), limit: options.limit ?? 100 });
  }

  async letter(pipeline: string, id: number, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).letter({ ...ownSignal(options), id });
  }

  async replay(pipeline: string, options: Asking & Partial<LetterChoice> = {}) {
    return (await this.#pipeline(pipeline)).replay({ ...asking(options), ...choice(options) });
  }

  async discard(pipeline: string, options: Asking & Partial<LetterChoice> = {}) {
    return (await this.#pipeline(pipeline)).discard({ ...asking(options), ...choice(options) });
  }

  async alternatives(pipeline: string, collection: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).alternatives({ ...ownSignal(options), collection });
  }

  async generations(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).generations(ownSignal(options));
  }

  async promoteGeneration(pipeline: string, options: ChoosingGeneration = {}) {
    const operations = await this.#pipeline(pipeline);
    return operations.promoteGeneration({ ...ownSignal(options), generation: options.generation ?? null });
  }

  async rollBackGeneration(
    pipeline: string,
    options: ChoosingGeneration & { readonly keepChanged?: boolean | undefined } = {},
  ) {
    const operations = await this.#pipeline(pipeline);
    const { generation = null, keepChanged = false } = options;
    return operations.rollBackGeneration({ ...ownSignal(options), generation, keepChanged });
  }

  async discardGeneration(pipeline: string, generation: number, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).discardGeneration({ ...ownSignal(options), generation });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const opened = await Promise.allSettled(this.#open.values());
    for (const pipeline of opened)
      if (pipeline.status === 'fulfilled') await pipeline.value[Symbol.asyncDispose]();
    await this.#store[Symbol.asyncDispose]();
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

  /** Each is its own failure domain: one whose servers are away keeps nobody from hearing about the others. */
  async #checkEach(names: readonly string[], signal: AbortSignal): Promise<readonly CheckResult[]> {
    const { uncheckable } = await import('./pipeline/check.ts');
    const results: CheckResult[] = [];
    for (const name of names) {
      const operations = await this.#pipeline(name);
      const checking = operations.check({ signal });
      results.push(
        await checking.catch((thrown: unknown) => uncheckable(this.#configured(name), { thrown, signal })),
      );
    }
    return results;
  }

  #configured(name: string): ResolvedPipeline {
    const pipeline = this.#config.pipelines.get(name);
    if (pipeline === undefined) throw unknownPipeline(name, this.pipelines);
    return pipeline;
  }

  async #pipeline(name: string): Promise<PipelineOperations> {
    const opened = this.#open.get(name);
    if (opened !== undefined) return opened;
    const opening = this.#openPipeline(this.#configured(name));
    this.#open.set(name, opening);
    return opening;
  }

  /** Imported late: whoever only reads a configuration pays for no engine. */
  async #openPipeline(pipeline: ResolvedPipeline): Promise<PipelineOperations> {
    const { openPipeline } = await import('./pipeline/open-pipeline.ts');
    return openPipeline(pipeline, {
      store: () => this.#store.get(),
      events: this.events,
      meters: this.#meters,
      alerts: this.#config.alerts,
      sealer: this.#sealer,
      stateDirectory: this.#config.store.directory,
    });
  }

  /** Alerts of pipelines, for as long as this process runs them. */
  async #watch(names: readonly string[]): Promise<Alerting> {
    const { Alerting } = await import('./alerts/alerting.ts');
    const pipelines = names.flatMap((name) => this.#config.pipelines.get(name) ?? []);
    const { alerts } = this.#config;
    const redact = createRedactor(this.#config.secrets, publicWords(this.#config));
    return new Alerting({
      pipelines,
      alerts,
      engine: this,
      events: this.events,
      store: () => this.#store.get(),
      redact,
    });
  }
}

const isStarted = (pipeline: ResolvedPipeline | undefined): boolean =>
  pipeline?.settings.mode === 'live' || pipeline?.settings.schedule !== undefined;

/** Names that stand in the open anyway; a password that equals one of them is not worth a mask over all of them. */
export function publicWords(config: ResolvedConfig): readonly string[] {
  const ofPipelines = [...config.pipelines.values()].flatMap(({ name, source, destination }) => [
    name,
    source.connector.name,
    ...wordsOf(source.label),
    destination.connector.name,
    ...wordsOf(destination.label),
  ]);
  switch (config.store.kind) {
    case 'sqlite':
      return ofPipelines;
    case 'postgres':
      return [...ofPipelines, ...wordsOf(config.store.label), config.store.schema];
    case 'mongodb':
      return [...ofPipelines, ...wordsOf(config.store.label), config.store.database];
  }
}

/** A verb that nobody can abort gets a signal that never comes. */
const ownSignal = (options: Abortable) => ({ signal: options.signal ?? new AbortController().signal });

const asking = (options: Asking) => ({
  ...ownSignal(options),
  wait: options.wait ?? true,
  onProgress: options.onProgress,
});

const choice = ({ letters = null, collection = null }: Partial<LetterChoice>): LetterChoice => ({
  letters,
  collection,
});
