import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Fence, PipelineName, Position, Shard } from '../../../protocol/names.ts';
import type { Outcome } from '../../../protocol/outcome.ts';
import type {
  DestinationState,
  PreparedStep,
  StreamWriter,
  Target,
  WindowWrite,
  WriteOptions,
  WriterCapabilities,
  WriterLimits,
} from '../../../protocol/writer.ts';
import { checkDestination } from '../check/check-destination.ts';
import { MongodbReader } from '../reader/mongodb-reader.ts';
import type { Destination } from './destination.ts';
import { Generations } from './generation/generations.ts';
import { settleGenerations } from './generation/settle.ts';
import { readLoad } from './load/read-load.ts';
import { creationSteps } from './open/creation.ts';
import { inspectTarget, openTarget } from './open/open-target.ts';
import { attachPipeline } from './state/attach.ts';
import { previewState, readStreamState, seenFence } from './state/read-state.ts';
import { removePipeline } from './state/remove.ts';
import { MongodbTarget } from './target.ts';
import { windowLimits } from './window/deadline.ts';
import { tryWindow } from './window/try-window.ts';
import { WindowWriter } from './window/window-writer.ts';

interface PlansRequest {
  readonly plans: readonly CollectionPlan[];
  readonly signal: AbortSignal;
}

interface PipelineRequest {
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
}

/** A MongoDB database as destination. */
export class MongodbWriter implements StreamWriter {
  readonly capabilities: WriterCapabilities = {
    formats: ['bson', 'rows'],
    transactions: true,
    fenced: true,
    createsFrom: ['mongodb', 'postgres'],
    ownedScope: true,
  };
  readonly limits: WriterLimits = windowLimits;
  readonly reader: MongodbReader;
  readonly generations: Generations;
  readonly #destination: Destination;
  readonly #windows: WindowWriter;
  readonly load?: NonNullable<StreamWriter['load']>;

  constructor(destination: Destination) {
    this.#destination = destination;
    this.#windows = new WindowWriter(destination);
    this.generations = new Generations(destination);
    const { deployment } = destination;
    const { throttle } = deployment.config;
    if (throttle !== undefined) this.load = (options) => readLoad(deployment, throttle, options);
    this.reader = new MongodbReader(destination.deployment, { role: 'destination' });
  }

  identity(options: { readonly signal: AbortSignal }): Promise<SourceIdentity> {
    return this.reader.identity(options);
  }

  check({
    plans,
    staged = false,
    signal,
  }: PlansRequest & { readonly staged?: boolean }): Promise<readonly Finding[]> {
    return checkDestination(this.#destination, plans, { staged, signal });
  }

  async preview({ plans, signal }: PlansRequest): Promise<readonly PreparedStep[]> {
    const missing = plans.filter(({ targetShape }) => targetShape === null);
    const keepsKeys = plans.some(({ scope }) => scope.kind === 'owned');
    const state = await previewState(this.#destination, { keepsKeys, signal });
    return [...state, ...missing.flatMap(creationSteps)];
  }

  seenFence(options: PipelineRequest): Promise<Fence> {
    return seenFence(this.#destination, options);
  }

  async positions(options: PipelineRequest): Promise<ReadonlyMap<Shard, Position>> {
    return (await readStreamState(this.#destination, options)).positions;
  }

  async attach(options: WriteOptions): Promise<DestinationState> {
    this.#windows.forget();
    const state = await attachPipeline(this.#destination, options);
    await settleGenerations(this.#destination, options);
    return state;
  }

  async open(plan: CollectionPlan, options: WriteOptions): Promise<Target> {
    return new MongodbTarget(this.#destination, await openTarget(this.#destination, { ...options, plan }));
  }

  applyWindow(window: WindowWrite, options: WriteOptions): Promise<readonly (readonly Outcome[])[]> {
    return this.#windows.apply(window, options);
  }

  tryWindow(
    window: Pick<WindowWrite, 'parts'>,
    options: WriteOptions,
  ): Promise<readonly (readonly Outcome[])[]> {
    return tryWindow(this.#destination, window, options);
  }

  async inspect(plan: CollectionPlan, { signal }: { readonly signal: AbortSignal }): Promise<Target | null> {
    const opened = await inspectTarget(this.#destination, { plan, signal });
    return opened === null ? null : new MongodbTarget(this.#destination, opened);
  }

  /** Documents have no columns that could be new or gone. */
  alignment(): readonly PreparedStep[] {
    return [];
  }

  async align(): Promise<readonly PreparedStep[]> {
    return [];
  }

  remove(options: PipelineRequest): Promise<readonly PreparedStep[]> {
    return removePipeline(this.#destination, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#destination.slots[Symbol.asyncDispose]();
    await this.#destination.deployment[Symbol.asyncDispose]();
  }
}
