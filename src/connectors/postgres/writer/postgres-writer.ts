import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Fence, PipelineName, Position, Shard } from '../../../protocol/names.ts';
import type { Outcome } from '../../../protocol/outcome.ts';
import type { Shape } from '../../../protocol/shape.ts';
import type {
  DestinationState,
  PreparedStep,
  StreamWriter,
  Target,
  WindowPart,
  WindowWrite,
  WriteOptions,
  WriterCapabilities,
  WriterLimits,
} from '../../../protocol/writer.ts';
import { checkDestination } from '../check/check-destination.ts';
import { previewSteps } from '../create/preview.ts';
import type { PostgresReader } from '../reader/postgres-reader.ts';
import { align, alignment } from './align/alignment.ts';
import type { Destination } from './destination.ts';
import { Generations } from './generation/generations.ts';
import { LoadMeter } from './load/load-meter.ts';
import { inspectTarget, knownTargets } from './open/inspect-target.ts';
import { openTarget } from './open/open-target.ts';
import { removePipeline } from './remove/remove.ts';
import { attachPipeline } from './state/attach.ts';
import { previewState } from './state/preview-state.ts';
import { positionsOf } from './state/read-positions.ts';
import { seenFence } from './state/seen-fence.ts';
import { PostgresTarget } from './target.ts';
import { WindowWriter } from './window/apply-window.ts';
import { tryWindow } from './window/try-window.ts';

interface PlansRequest {
  readonly plans: readonly CollectionPlan[];
  readonly signal: AbortSignal;
}

/** A PostgreSQL database as destination. */
export class PostgresWriter implements StreamWriter {
  readonly capabilities: WriterCapabilities = {
    formats: ['pg-copy', 'rows'],
    transactions: true,
    fenced: true,
    createsFrom: ['postgres'],
    ownedScope: true,
  };
  /** A transaction holds locks and keeps vacuum back: large enough that its fixed cost vanishes, no larger. */
  readonly limits: WriterLimits = { operations: 100_000, bytes: 64 * 1024 * 1024, seconds: 30 };
  /** Each takes a connection. */
  readonly lanes = 16;
  readonly reader: PostgresReader;
  readonly generations: Generations;
  readonly load?: NonNullable<StreamWriter['load']>;
  readonly #destination: Destination;
  readonly #windows: WindowWriter;
  readonly #meter: LoadMeter | null;
  readonly #opened = new Map<string, CollectionPlan>();

  constructor(destination: Destination, reader: PostgresReader) {
    this.#destination = destination;
    this.reader = reader;
    this.generations = new Generations(destination);
    this.#windows = new WindowWriter(destination);
    const { throttle } = destination.pool.config;
    this.#meter = throttle === undefined ? null : new LoadMeter(destination.pool, throttle);
    if (this.#meter !== null) this.load = this.#meter.read.bind(this.#meter);
  }

  identity(options: { readonly signal: AbortSignal }): Promise<SourceIdentity> {
    return this.reader.identity(options);
  }

  async check({ plans, signal }: PlansRequest): Promise<readonly Finding[]> {
    const { pool, defaultSchema } = this.#destination;
    const { user, address, config } = pool;
    const load = (await this.#meter?.check({ signal })) ?? [];
    const findings = await pool.use(
      async (session) => {
        const known = await knownTargets(session, this.#destination, { signal });
        const { stateSchema } = config;
        return checkDestination(session, plans, {
          user,
          address,
          defaultSchema,
          stateSchema,
          keysPending: new Set(known.filter(({ keysPending }) => keysPending).map(({ target }) => target)),
          decided: new Map(known.map(({ target, scope }) => [target, scope])),
          signal,
        });
      },
      { signal },
    );
    return [...findings, ...load];
  }

  async preview({ plans, signal }: PlansRequest): Promise<readonly PreparedStep[]> {
    const { pool, defaultSchema, layout } = this.#destination;
    return pool.use(
      async (session) => [
        ...(await previewState(session, layout, { signal })),
        ...(await previewSteps(session, plans, { defaultSchema, signal })),
      ],
      { signal },
    );
  }

  seenFence(options: { readonly pipeline: PipelineName; readonly signal: AbortSignal }): Promise<Fence> {
    return seenFence(this.#destination, options);
  }

  positions(options: {
    readonly pipeline: PipelineName;
    readonly signal: AbortSignal;
  }): Promise<ReadonlyMap<Shard, Position>> {
    return positionsOf(this.#destination, options);
  }

  attach(options: WriteOptions): Promise<DestinationState> {
    this.#windows.forget();
    return attachPipeline(this.#destination, options);
  }

  async open(plan: CollectionPlan, options: WriteOptions): Promise<Target> {
    const destination = this.#destination;
    const opened = await openTarget(destination, { ...options, plan });
    this.#opened.set(plan.name, opened.model.plan);
    return new PostgresTarget({ destination, opened, plans: () => [...this.#opened.values()] });
  }

  applyWindow(window: WindowWrite, options: WriteOptions): Promise<readonly (readonly Outcome[])[]> {
    return this.#windows.apply(window, options);
  }

  foresee(parts: readonly WindowPart[]): void {
    this.#windows.foresee(parts);
  }

  tryWindow(
    window: Pick<WindowWrite, 'parts'>,
    options: WriteOptions,
  ): Promise<readonly (readonly Outcome[])[]> {
    return tryWindow(this.#destination, window, options);
  }

  async inspect(plan: CollectionPlan, { signal }: { readonly signal: AbortSignal }): Promise<Target | null> {
    const destination = this.#destination;
    const opened = await inspectTarget(destination, { plan, signal });
    return opened === null ? null : new PostgresTarget({ destination, opened, plans: () => [] });
  }

  alignment(plan: CollectionPlan, sourceShape: Shape): readonly PreparedStep[] {
    return alignment(this.#destination, plan, sourceShape);
  }

  align(
    plan: CollectionPlan,
    options: WriteOptions & { readonly sourceShape: Shape },
  ): Promise<readonly PreparedStep[]> {
    return align(this.#destination, { ...options, plan });
  }

  remove(options: {
    readonly pipeline: PipelineName;
    readonly plans: readonly CollectionPlan[];
    readonly signal: AbortSignal;
  }): Promise<readonly PreparedStep[]> {
    return removePipeline(this.#destination, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#meter?.[Symbol.asyncDispose]();
    await this.#windows[Symbol.asyncDispose]();
    await this.reader[Symbol.asyncDispose]();
    await this.#destination.pool[Symbol.asyncDispose]();
  }
}
