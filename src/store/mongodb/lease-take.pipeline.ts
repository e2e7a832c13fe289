import type { Binary, Document } from 'mongodb';
import type { Fence } from '../../protocol/names.ts';

/** The primary's own clock, which all who use the store share, in milliseconds since 1970. */
export const nowMs = { $toLong: '$$NOW' } as const;

interface Taking {
  readonly owner: string;
  readonly durationMs: number;
  readonly atLeast: Fence;
  readonly session: Binary;
}

/**
 * Decides and takes in one step: the lease is given when nobody has it, when it ran out, or when its owner asks again. Else it is somebody
 * else's, and only loses what is beyond a whole duration from now: a clock that was set back would keep it for ever.
 */
export const takeLease = ({ owner, durationMs, atLeast, session }: Taking): Document[] => {
  const isFree = {
    $or: [
      { $in: [{ $ifNull: ['$owner', null] }, [null, { $literal: owner }]] },
      { $lte: ['$expires_at_ms', nowMs] },
    ],
  };
  const ifFree = (taken: unknown, held: unknown) => ({ $cond: ['$is_free', taken, held] });
  return [
    { $set: { is_free: isFree } },
    {
      $set: {
        owner: ifFree({ $literal: owner }, '$owner'),
        fence: ifFree({ $add: [{ $max: [{ $ifNull: ['$fence', 0] }, atLeast] }, 1] }, '$fence'),
        expires_at_ms: ifFree(
          { $add: [nowMs, durationMs] },
          { $min: ['$expires_at_ms', { $add: [nowMs, { $ifNull: ['$duration_ms', 0] }] }] },
        ),
        duration_ms: ifFree(durationMs, '$duration_ms'),
        sessions: ifFree({ $literal: [{ id: session, write: null }] }, '$sessions'),
      },
    },
    { $unset: 'is_free' },
  ];
};

export const renewLease = (durationMs: number): Document[] => [
  { $set: { duration_ms: durationMs, expires_at_ms: { $add: [nowMs, durationMs] } } },
];

/** The document with the moment in which it was read. */
export const leaseAndNow = (pipeline: string): Document[] => [
  { $match: { _id: pipeline } },
  { $set: { now_ms: nowMs } },
];
