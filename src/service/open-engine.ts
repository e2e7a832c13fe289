import { EventBus } from '../engine/event-bus.ts';
import type { ControlStore } from '../protocol/control-store.ts';
import { Keyring } from '../store/secrets/keyring.ts';
import type { Alerting } from './alerts/alerting.ts';
import { endsOf, toldAtTheEnd } from './alerts/told-at-the-end.ts';
import type { ResolvedConfig, ResolvedPipeline } from './config/resolved-config.ts';
import { openControlStore } from './control-store.ts';
import { unknownPipeline } from './failure.ts';
import { createSealer, type Sealer } from './letters/seal.ts';
import type { Abortable, Asking, ChoosingGeneration, Lockstep } from './lockstep.ts';
import type { LetterChoice } from './pipeline/chosen-letters.ts';
import type { LetterQuery } from './pipeline/letters.ts';
import type { PipelineOperations } from './pipeline-operations.ts';
import { createRedactor, wordsOf } from './redact.ts';
import { openSecrets, type Secrets } from './secrets/sealed/secrets.ts';
import { supervise } from './supervise.ts';

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
  readonly #config: ResolvedConfig;
  readonly #sealer: Sealer;
  readonly #open = new Map<string, Promise<PipelineOperations>>();
  #store: Promise<ControlStore> | null = null;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    const ring = new Keyring(config.store.keys, (reread) => this.events.emit('keys.reread', reread));
    this.#sealer = createSealer(ring);
    this.secrets = openSecrets({ store: () => this.#openStore(), ring, references: config.references });
    this.pipelines = [...config.pipelines.keys()];
    this.livePipelines = this.pipelines.filter(
      (name) => config.pipelines.get(name)?.settings.mode === 'live',
    );
    this.startedPipelines = this.pipelines.filter((name) => isStarted(config.pipelines.get(name)));
  }

  async check(pipeline?: string, options: Abortable = {}) {
    return this.#each(pipeline, (operations) => operations.check(ownSignal(options)));
  }

  async plan(pipeline: string, options: Abortable = {}) {
    return (await this.#pipeline(pipeline)).plan(ownSignal(options));
  }

  async run(pipeline: string, options: Abortable = {}) {
    const operations = await this.#pipeline(pipeline);
    const { signal } = ownSignal(options);
    await using alerting = await this.#watch([pipeline]);
    return await toldAtTheEnd(alerting, { pipeline, signal }, () => operations.run({ signal }));
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

  async startAll(pipelines: readonly string[] = this.startedPipelines, options: Abortable = {}) {
    const start = async (name: string, { signal }: { readonly signal: AbortSignal }) =>
      (await this.#pipeline(name)).start({ signal, standsBy: true });
    const { signal } = ownSignal(options);
    await using alerting = await this.#watch(pipelines);
    const ended = await supervise({ pipelines, start, events: this.events, signal });
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
      store: () => this.#openStore(),
      redact,
    });
  }

  /** One that could not be opened is tried again by whoever asks next: its server may have come back. */
  #openStore(): Promise<ControlStore> {
    if (this.#store !== null) return this.#store;
    const opening = openControlStore(this.#config.store);
    this.#store = opening;
    opening.catch(() => {
      this.#store = null;
    });
    return opening;
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
  return config.store.kind === 'postgres'
    ? [...ofPipelines, ...wordsOf(config.store.label), config.store.schema]
    : ofPipelines;
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
