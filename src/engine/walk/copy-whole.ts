import type { Chunk } from '../../protocol/chunk.ts';
import { LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import { isRefusal } from '../../protocol/errors/refusal.ts';
import { wholeCollection } from '../../protocol/partition.ts';
import type { WholeAppend } from '../../protocol/writer.ts';
import type { CollectionWork } from './collection-work.ts';
import { leaseOf } from './context.ts';
import { bulkFormat, mappedChunks, parkFailures } from './fill-partition.ts';
import type { MappedChunk } from './map-rows.ts';

/** Above so many lanes several processes of the server append side by side, which gains more than keys that are off. */
const mostLanes = 2;
/** They are held until the rows are in; so many faulty rows deserve partitions. */
const mostFailures = 1_000;

type Failures = MappedChunk['failures'][number][];

/**
 * Copies a collection into an empty target in one transaction, where the destination has a way to do that faster than partition by partition.
 * False: it has to be copied in partitions, which tell a faulty row from the others and keep what they have when a connection goes. Then nothing
 * is at the target; or nobody knows, and partitions find out. There is no second attempt: what one connection did not bear, the next may not either.
 */
export async function copyWhole(work: CollectionWork): Promise<boolean> {
  const failures: Failures = [];
  const outcome = await attempt(work, failures);
  if (outcome.kind === 'declined') {
    const { pipeline, events } = work.context;
    const { reason } = outcome;
    events.emit('copy.way', { pipeline, collection: work.plan.name, way: 'partitions', reason });
    return false;
  }
  work.tally.addAppended(outcome.counts);
  await parkFailures(work, failures);
  return true;
}

async function attempt(work: CollectionWork, failures: Failures): Promise<WholeAppend> {
  const { context, target, plan } = work;
  const reason = hindrance(work);
  if (reason !== null || target.appendWhole === undefined)
    return { kind: 'declined', reason: reason ?? 'the destination has no other way' };
  const { estimatedRows: rows, estimatedBytes: bytes } = plan.sourceShape;
  const expected = { rows, bytes, format: bulkFormat(work) };
  const { signal } = context;
  try {
    return await target.appendWhole(wholeChunks(work, failures), {
      lease: leaseOf(context),
      signal,
      expected,
    });
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (!isForPartitions(error)) throw error;
    const message = `${plan.name}: it could not be copied in one transaction and is copied in partitions: ${error.message}`;
    context.events.emit('notice', { pipeline: context.pipeline, side: 'destination', message });
    return { kind: 'declined', reason: error.message };
  }
}

function hindrance({ context, plan }: CollectionWork): string | null {
  if (context.settings.lanes > mostLanes) return `${context.settings.lanes} lanes append side by side`;
  if (plan.alternatives.size > 0) return 'alternatives are chosen row by row';
  return null;
}

/** What a partition may bear, or find out more about. */
const isForPartitions = (error: LockstepError): boolean => error.class === 'transient' || isRefusal(error);

/** A stop that was asked for does not wait until all is in: nothing of it can be saved half way. */
async function* wholeChunks(work: CollectionWork, failures: Failures): AsyncIterable<Chunk> {
  const { context, plan } = work;
  const { pipeline, events, draining, signal } = context;
  const everything = wholeCollection(plan.sourceShape.estimatedRows);
  events.emit('copy.way', { pipeline, collection: plan.name, way: 'whole', reason: '' });
  events.emit('collection.started', {
    pipeline,
    collection: plan.name,
    estimatedRows: everything.estimatedRows,
    partitions: 1,
  });
  // A key that comes twice is refused, and partitions find out.
  const options = { format: bulkFormat(work), asItLies: true, signal, failures };
  for await (const chunk of mappedChunks(work, everything, options)) {
    if (draining.aborted) throw new LockstepError('interrupted', { detail: `${plan.name} is copied anew` });
    const [failure] = failures;
    if (failure !== undefined && failures.length > mostFailures) throw failure.error;
    yield chunk;
  }
}
