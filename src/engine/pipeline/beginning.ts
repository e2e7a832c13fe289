import type { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { FeedCollection } from '../../protocol/feed.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { DestinationState } from '../../protocol/writer.ts';
import { feedPositions } from '../since/saved-shard.ts';
import { feedCollection } from '../stream/carried-rows.ts';
import type { StreamContext } from '../stream/context.ts';
import { attach } from '../walk/attach.ts';
import { leaseOf } from '../walk/context.ts';
import { runPass } from '../walk/pass.ts';
import { retrying } from '../walk/retrying.ts';
import type { Condition } from './condition.ts';
import type { LiveMemory, LivePhase } from './memory.ts';
import { waitWhilePaused } from './paused.ts';

export interface Beginning {
  readonly state: DestinationState;
  /** Where the stream goes on. */
  readonly positions: ReadonlyMap<Shard, Position>;
  /** Why everything must be walked: one of the three parties is not what we remember; null: all is well. */
  readonly gap: string | null;
  /** Collections that the first copy could not fill. */
  readonly failed: ReadonlyMap<string, LockstepError>;
}

export interface BeginningRequest {
  readonly plans: readonly CollectionPlan[];
  readonly memory: LiveMemory;
  readonly condition: Condition;
  /** This process has prepared the capture, and what became of it since the feed tells. Default: it is prepared. */
  readonly isPrepared?: boolean;
}

/**
 * Finds out where the stream goes on. Without a position everything is copied first: nothing of the feed is read before that is done, but
 * the feed keeps it from `head('from')` on. A position that the destination has lost, a destination or a control store that was restored
 * from an older copy: then the stream goes on and everything is walked. Null: somebody stopped it while it was paused before the first copy.
 */
export async function beginning(
  context: StreamContext,
  request: BeginningRequest,
): Promise<Beginning | null> {
  const { memory, plans } = request;
  const { feed, store, pipeline, signal } = context;
  const collections = plans.map((plan) => feedCollection(plan, feed));
  const known = await memory.phase();
  if (request.isPrepared !== true) {
    if (known !== null) await noteUncaptured(context, memory, collections);
    await retrying(context, { what: 'prepare capture', signal }, () => feed.prepare({ collections, signal }));
  }
  const attached = await attach(context);
  const state = { ...attached, positions: feedPositions(attached.positions) };
  const { id: sourceId } = await retrying(context, { what: 'identify', signal }, () =>
    feed.identity({ signal }),
  );
  const here = { sourceId, stateId: state.stateId };
  if (known?.phase !== 'streaming' && state.positions.size === 0)
    return await copyFirst(context, request, { known, here, state });
  const newest = await store.deadLetters.newest(pipeline);
  const gap = gapOf({ known, here, state, newest });
  if (gap === null) return { state, positions: state.positions, gap, failed: new Map() };
  const positions = state.positions.size > 0 ? state.positions : await headFrom(context);
  // Before anything says that we know the parties as they are now: who dies in between would not see the gap again.
  for (const { name } of plans)
    await memory.setWalk(name, { reason: gap, fills: false, sinceMs: context.clock.now() });
  await memory.setPhase({ phase: 'streaming', from: Object.fromEntries(positions), ...here });
  // What lanes were about to write is of the history that is gone.
  return { state: { ...state, lanePositions: new Map() }, positions, gap, failed: new Map() };
}

/** Before they are captured: who dies in between would take them for collections that always were. */
async function noteUncaptured(
  context: StreamContext,
  memory: LiveMemory,
  collections: readonly FeedCollection[],
): Promise<void> {
  const { feed, signal, clock } = context;
  const names = await retrying(context, { what: 'look at the capture', signal }, async () =>
    feed.uncaptured?.({ collections, signal }),
  );
  for (const name of names ?? [])
    await memory.setWalk(name, {
      reason: 'its changes were not told for a while',
      fills: true,
      sinceMs: clock.now(),
    });
}

interface GapFacts {
  readonly known: LivePhase | null;
  readonly here: Pick<LivePhase, 'stateId'>;
  readonly state: DestinationState;
  /** The newest dead letter of the control store. */
  readonly newest: number;
}

function gapOf({ known, here, state, newest }: GapFacts): string | null {
  if (known === null) return 'the control store does not know this pipeline, which the destination does';
  if (known.stateId !== here.stateId) return 'the destination’s state is not the one that was written before';
  if (state.positions.size === 0) return 'the destination has lost its position';
  if (state.newestLetter > newest) return 'the control store was restored from an older copy';
  return null;
}

interface FirstCopy {
  readonly known: LivePhase | null;
  readonly here: Pick<LivePhase, 'sourceId' | 'stateId'>;
  readonly state: DestinationState;
}

async function copyFirst(
  context: StreamContext,
  { plans, memory, condition }: BeginningRequest,
  { known, here, state }: FirstCopy,
): Promise<Beginning | null> {
  const { writer, signal } = context;
  // Somebody may have taken the last copy back, and not said yet that it may be made again.
  if ((await waitWhilePaused(context, condition, context.draining)) === 'stopped') return null;
  const goesOn =
    known?.phase === 'copying' && known.sourceId === here.sourceId && known.stateId === here.stateId;
  const positions = goesOn ? new Map(Object.entries(known.from)) : await headFrom(context);
  const from = Object.fromEntries(positions);
  if (!goesOn) await memory.setPhase({ phase: 'copying', from, ...here });
  condition.on('copy', { reason: 'the first copy is under way', nextStep: 'it catches up when it is done' });
  const staged = context.settings.refresh.by !== 'direct';
  const pass = await runPass(context, plans, { staged, streamFrom: positions });
  for (const [shard, at] of positions)
    await retrying(context, { what: 'save the position', signal }, () =>
      writer.applyWindow(
        { parts: [], position: { shard, lane: 0, at }, marks: new Map(), newestLetter: 0 },
        { lease: leaseOf(context), signal },
      ),
    );
  const failed = new Map(
    pass.collections.flatMap(({ name, error }) => (error === null ? [] : [[name, error] as const])),
  );
  // Who dies before it is known that a collection stopped finds it without a fingerprint: then it is filled by a walk.
  for (const { name, fingerprint } of plans)
    if (!failed.has(name)) await memory.setFingerprint(name, fingerprint);
  await memory.setPhase({ phase: 'streaming', from, ...here });
  return { state, positions, gap: null, failed };
}

async function headFrom(context: StreamContext): Promise<ReadonlyMap<Shard, Position>> {
  const { feed, signal } = context;
  const { positions } = await retrying(context, { what: 'find the head', signal }, () =>
    feed.head('from', { signal }),
  );
  return positions;
}
