import type { PipelineSettings } from '../../protocol/configuration.ts';
import type { ControlStore } from '../../protocol/control-store.ts';
import type { DigestNegotiator } from '../../protocol/digest.ts';
import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { EventSink } from '../../protocol/events.ts';
import type { Fence, PipelineName } from '../../protocol/names.ts';
import type { Reader } from '../../protocol/reader.ts';
import type { WriteLease, Writer } from '../../protocol/writer.ts';
import type { Throttle } from '../throttle/throttle.ts';

export type ComparingReader = Reader & Partial<DigestNegotiator>;
export type ComparingWriter = Writer & { readonly reader: ComparingReader };

/** What every piece of a pass works with. */
export interface WalkContext {
  readonly pipeline: PipelineName;
  readonly reader: ComparingReader;
  readonly writer: ComparingWriter;
  readonly store: ControlStore;
  /** Of the lease that this engine holds; goes into every write. */
  readonly fence: Fence;
  readonly events: EventSink;
  readonly settings: PipelineSettings;
  /** Our own directory for what does not fit into memory; emptied by whoever made it. */
  readonly spillDirectory: string;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
  /** Ends after the pieces that are under way: what they did is saved. */
  readonly draining: AbortSignal;
  readonly clock: { now(): number };
  readonly throttle: Throttle;
}

export const leaseOf = (context: WalkContext): WriteLease => ({
  pipeline: context.pipeline,
  fence: context.fence,
});

/** Between two pieces of work: stops here when somebody asked for it. */
export function stopIfDraining(context: Pick<WalkContext, 'draining' | 'signal'>): void {
  context.signal.throwIfAborted();
  if (context.draining.aborted)
    throw new LockstepError('interrupted', { detail: 'the pieces under way were finished and saved' });
}

/** One piece of work at the destination; then a rest, while the destination is busy. */
export const paced = <Result>(
  { throttle, draining, signal }: Pick<WalkContext, 'throttle' | 'draining' | 'signal'>,
  work: () => Promise<Result>,
): Promise<Result> => throttle.paced([draining, signal], work);

/** What comes piece by piece, with a rest after each while the destination is busy. */
export async function* pacedEach<Item>(
  context: Pick<WalkContext, 'throttle' | 'draining' | 'signal'>,
  items: AsyncIterable<Item>,
): AsyncIterable<Item> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await paced(context, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

export const lanesOf = ({ settings, signal, draining }: WalkContext) => ({
  lanes: settings.lanes,
  signal,
  draining,
});
