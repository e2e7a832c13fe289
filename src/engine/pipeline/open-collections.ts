import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target } from '../../protocol/writer.ts';
import { carriedRows } from '../stream/carried-rows.ts';
import type { StreamCollection } from '../stream/collection.ts';
import type { StreamContext } from '../stream/context.ts';
import { startWork } from '../walk/collection-work.ts';
import { leaseOf } from '../walk/context.ts';
import { finish, finishKeysIfPossible } from '../walk/finish.ts';
import { retrying } from '../walk/retrying.ts';
import { SourceMoment } from '../walk/source-moment.ts';

export interface OpenCollections extends AsyncDisposable {
  readonly byName: ReadonlyMap<string, StreamCollection>;
}

/** The targets of a stream, opened; their reads follow the feed, so each shows the newest state. */
export async function openCollections(
  context: StreamContext,
  plans: readonly CollectionPlan[],
): Promise<OpenCollections> {
  await using resources = new AsyncDisposableStack();
  const { reader, writer, feed, signal } = context;
  const moment = resources.use(new SourceMoment({ snapshot: async () => reader.latest() }));
  const targetReads = resources.use(writer.reader.latest());
  const byName = new Map<string, StreamCollection>();
  for (const plan of plans) {
    const options = { lease: leaseOf(context), signal };
    const target = resources.use(
      await retrying(context, { what: `open ${plan.name}`, signal }, () => writer.open(plan, options)),
    );
    const work = await startWork(context, target, { moment, targetReads, lookupAt: 'now' });
    // A stream finds its rows by keys; a target that it fills itself has none yet, and nothing flows into one that can't have it.
    if (!isKeyed(target)) await finish(work, 'keys');
    else if (!(await finishKeysIfPossible(work))) tellUnfinished(context, plan);
    const carried = carriedRows(target.plan, feed);
    byName.set(plan.name, { name: plan.name, plan: target.plan, target, work, carried, stopped: null });
  }
  const kept = resources.move();
  return { byName, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** No two of its rows can have the same key. */
const isKeyed = ({ shape, plan }: Target): boolean =>
  [shape.key?.columns ?? [], ...shape.uniques].some(
    (columns) => columns.length > 0 && columns.every((column) => plan.key.includes(column)),
  );

/** The source had them unique before it made them so; the target still lacks what the stream is about to bring. */
function tellUnfinished({ pipeline, events }: StreamContext, { name }: CollectionPlan): void {
  const message = `${name}: what the source keeps unique now is not yet so at the target; its index is made with the next start`;
  events.emit('notice', { pipeline, side: 'destination', message });
}
