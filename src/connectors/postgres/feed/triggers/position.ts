import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Position } from '../../../../protocol/names.ts';

/** Where in a change log we are: everything up to (xid, seq) was told, and every gap up to `gap`. */
export interface LogPosition {
  /** Server, timeline and database. */
  readonly identity: string;
  /** Which log. */
  readonly epoch: string;
  readonly xid: bigint;
  readonly seq: bigint;
  /** The gap sequence as it was when the last gap was told. */
  readonly gap: bigint;
}

/** Above every number of a row: the position stands behind its transaction. */
export const afterTransaction = 9_223_372_036_854_775_807n;

const prefix = 'log1';

/** `log1/<xid>/<seq or *>/<gap>/<epoch>/<identity>` */
export function encodePosition({ identity, epoch, xid, seq, gap }: LogPosition): Position {
  const place = seq === afterTransaction ? '*' : seq;
  return [prefix, xid, place, gap, epoch, identity].join('/');
}

export function decodePosition(position: Position): LogPosition {
  const [kind, xid, place, gap, epoch, ...identity] = position.split('/');
  if (kind !== prefix || !isNumber(xid) || !isNumber(gap) || epoch === undefined) throw notOurs(position);
  if (place !== '*' && !isNumber(place)) throw notOurs(position);
  return {
    identity: identity.join('/'),
    epoch,
    xid: BigInt(xid),
    seq: place === '*' ? afterTransaction : BigInt(place),
    gap: BigInt(gap),
  };
}

const isNumber = (text: string | undefined): text is string => text !== undefined && /^\d+$/.test(text);

const notOurs = (position: Position): LockstepError =>
  new LockstepError('internal', { detail: `${JSON.stringify(position)} is no position in a change log` });

/**
 * Gaps first: along a feed both parts only grow, and a head that has seen a gap is only passed once that gap was told, which happens
 * behind everything that the head has seen in the log.
 */
export function comparePositions(a: LogPosition, b: LogPosition): -1 | 0 | 1 {
  const pairs = [
    [a.gap, b.gap],
    [a.xid, b.xid],
    [a.seq, b.seq],
  ] as const;
  for (const [one, other] of pairs) if (one !== other) return one < other ? -1 : 1;
  return 0;
}

/** The same log of the same history: only then do numbers mean the same. */
export const isSameLog = (a: LogPosition, b: Pick<LogPosition, 'identity' | 'epoch'>): boolean =>
  a.identity === b.identity && a.epoch === b.epoch;
