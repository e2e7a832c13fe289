import type { Feed, Heads } from '../../protocol/feed.ts';
import type { Position, Shard } from '../../protocol/names.ts';
import type { Lag } from '../../protocol/status.ts';
import type { Ledger } from '../stream/ledger.ts';

export interface LagFacts {
  readonly ledger: Ledger;
  readonly feed: Pick<Feed, 'order' | 'capabilities'>;
  /** The source's heads, oldest first, and when each was read by our clock. */
  readonly seen: readonly SeenHeads[];
  readonly nowMs: number;
}

export interface SeenHeads {
  readonly heads: Heads;
  readonly readAtMs: number;
}

/** A head that is older than this proves nothing about now. */
export const freshMs = 5_000;

/**
 * The source's now minus the commit time of what was applied last, of the shard that is furthest behind. Our own clock only measures how
 * long ago the source's was read, so an engine host whose clock is wrong by hours says the same.
 */
export function lagOf({ ledger, feed, seen, nowMs }: LagFacts): Lag {
  const newest = seen.at(-1);
  if (newest === undefined) return { kind: 'unknown', atLeastMs: 0 };
  const isFresh = ({ readAtMs }: SeenHeads): boolean => nowMs - readAtMs <= freshMs;
  const isReached = ({ heads }: SeenHeads): boolean =>
    [...heads.positions].every(([shard, head]) => hasPassed(ledger, feed, { shard, head }));
  // Our own saving of a boundary moves the head of a server that is both sides: the newest may never be reached.
  const isSilent = feed.capabilities.content === 'nothing';
  if (!isSilent && seen.some((heads) => isFresh(heads) && isReached(heads))) return { kind: 'inStep' };
  const behindMs = isSilent ? sinceAsked(ledger, nowMs, newest) : behind({ ledger, feed, nowMs }, newest);
  return isFresh(newest)
    ? { kind: 'behind', milliseconds: behindMs }
    : { kind: 'unknown', atLeastMs: Math.max(behindMs, nowMs - newest.readAtMs) };
}

/** Of a feed that tells no changes: when somebody last began to look for them. */
function sinceAsked(ledger: Ledger, nowMs: number, { heads, readAtMs }: SeenHeads): number {
  const sourceNowMs = heads.atMs + Math.max(0, nowMs - readAtMs);
  const asked = [...ledger.shards].map((shard) => ledger.of(shard)?.committedAtMs ?? heads.atMs);
  return sourceNowMs - Math.min(sourceNowMs, ...asked);
}

function behind(
  { ledger, feed, nowMs }: Omit<LagFacts, 'seen' | 'feed'> & { readonly feed: Pick<Feed, 'order'> },
  { heads, readAtMs }: SeenHeads,
): number {
  const sourceNowMs = heads.atMs + Math.max(0, nowMs - readAtMs);
  let most = 0;
  for (const [shard, head] of heads.positions) {
    if (hasPassed(ledger, feed, { shard, head })) continue;
    most = Math.max(most, sourceNowMs - (ledger.of(shard)?.committedAtMs ?? heads.atMs));
  }
  return most;
}

function hasPassed(
  ledger: Ledger,
  feed: Pick<Feed, 'order'>,
  { shard, head }: { readonly shard: Shard; readonly head: Position },
): boolean {
  const applied = ledger.of(shard);
  return applied !== undefined && feed.order(shard, applied.position, head) !== 'before';
}
