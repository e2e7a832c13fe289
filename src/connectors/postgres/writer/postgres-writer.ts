import type { Finding } from '../../../protocol/finding.ts';
import type { SourceIdentity } from '../../../protocol/identity.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { Fence, PipelineName } from '../../../protocol/names.ts';
import type {
  DestinationState,
  PreparedStep,
  Target,
  WriteOptions,
  Writer,
  WriterCapabilities,
  WriterLimits,
} from '../../../protocol/writer.ts';
import { checkDestination } from '../check/check-destination.ts';
import { previewSteps } from '../create/preview.ts';
import type { PostgresReader } from '../reader/postgres-reader.ts';
import type { Destination } from './destination.ts';
import { inspectTarget, pendingKeys } from './open/inspect-target.ts';
import { openTarget } from './open/open-target.ts';
import { removePipeline } from './remove/remove.ts';
import { attachPipeline } from './state/attach.ts';
import { previewState } from './state/preview-state.ts';
import { seenFence } from './state/seen-fence.ts';
import { PostgresTarget } from './target.ts';

interface PlansRequest {
  readonly plans: readonly CollectionPlan[];
  readonly signal: AbortSignal;
}

/** A PostgreSQL database as destination. */
export class PostgresWriter implements Writer {
  readonly capabilities: WriterCapabilities = {
    formats: ['pg-copy', 'rows'],
    transactions: true,
    fenced: true,
    createsFrom: ['postgres'],
    ownedScope: true,
  };
  /** A transaction holds locks and keeps vacuum back: large enough that its fixed cost vanishes, no larger. */
  readonly limits: WriterLimits = { operations: 100_000, bytes: 64 * 1024 * 1024, seconds: 30 };
  readonly reader: PostgresReader;
  readonly #destination: Destination;
  readonly #opened = new Map<string, CollectionPlan>();

  constructor(destination: Destination, reader: PostgresReader) {
    this.#destination = destination;
    this.reader = reader;
  }

  identity(options: { readonly signal: AbortSignal }): Promise<SourceIdentity> {
    return this.reader.identity(options);
  }

  async check({ plans, signal }: PlansRequest): Promise<readonly Finding[]> {
    const { pool, defaultSchema } = this.#destination;
    const { user, address, config } = pool;
    return pool.use(
      async (session) => {
        const keysPending = await pendingKeys(session, this.#destination, { signal });
        const { stateSchema } = config;
        return checkDestination(session, plans, {
          user,
          address,
          defaultSchema,
          stateSchema,
          keysPending,
          signal,
        });
      },
      { signal },
    );
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

  attach(options: WriteOptions): Promise<DestinationState> {
    return attachPipeline(this.#destination, options);
  }

  async open(plan: CollectionPlan, options: WriteOptions): Promise<Target> {
    const destination = this.#destination;
    const opened = await openTarget(destination, { ...options, plan });
    this.#opened.set(plan.name, opened.model.plan);
    return new PostgresTarget({ destination, opened, plans: () => [...this.#opened.values()] });
  }

  async inspect(plan: CollectionPlan, { signal }: { readonly signal: AbortSignal }): Promise<Target | null> {
    const destination = this.#destination;
    const opened = await inspectTarget(destination, { plan, signal });
    return opened === null ? null : new PostgresTarget({ destination, opened, plans: () => [] });
  }

  remove(options: {
    readonly pipeline: PipelineName;
    readonly plans: readonly CollectionPlan[];
    readonly signal: AbortSignal;
  }): Promise<readonly PreparedStep[]> {
    return removePipeline(this.#destination, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader[Symbol.asyncDispose]();
    await this.#destination.pool[Symbol.asyncDispose]();
  }
}
