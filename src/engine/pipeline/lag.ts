import type { Feed, Heads } from '../../protocol/feed.ts';
import type { Lag } from '../../protocol/status.ts';
import type { Ledger } from '../stream/ledger.ts';

export interface LagFacts {
  readonly ledger: Ledger;
  readonly feed: Pick<Feed, 'order'>;
  /** The source's head, and when it was read by our clock; null: it was never read. */
  readonly seen: { readonly heads: Heads; readonly readAtMs: number } | null;
  readonly nowMs: number;
}

/** A head that is older than this proves nothing about now. */
const freshMs = 5_000;

/**
 * The source's now minus the commit time of what was applied last, of the shard that is furthest behind. Our own clock only measures how
 * long ago the source's was read, so an engine host whose clock is wrong by hours says the same.
 */
export function lagOf({ ledger, feed, seen, nowMs }: LagFacts): Lag {
  if (seen === null) return { kind: 'unknown', atLeastMs: 0 };
  const sinceReadMs = Math.max(0, nowMs - seen.readAtMs);
  const sourceNowMs = seen.heads.atMs + sinceReadMs;
  let behindMs: number | null = null;
  for (const [shard, head] of seen.heads.positions) {
    const applied = ledger.of(shard);
    if (applied !== undefined && feed.order(shard, applied.position, head) !== 'before') continue;
    const committedAtMs = applied?.committedAtMs ?? seen.heads.atMs;
    behindMs = Math.max(behindMs ?? 0, sourceNowMs - committedAtMs);
  }
  if (sinceReadMs > freshMs) return { kind: 'unknown', atLeastMs: behindMs ?? sinceReadMs };
  return behindMs === null ? { kind: 'inStep' } : { kind: 'behind', milliseconds: Math.max(0, behindMs) };
}
