import { afterTransaction, type LogPosition } from '../position.ts';

export interface LogSight {
  readonly identity: string;
  readonly epoch: string | null;
  readonly xmax: bigint;
  readonly lowXid: bigint;
  readonly gap: bigint;
}

/** Why the log does not go on where the position is; null: it does. */
export function lostHistory(position: LogPosition, log: LogSight): string | null {
  if (position.identity !== log.identity)
    return 'the source is another server, or tells another history than before';
  if (position.epoch !== log.epoch) return 'the change log was made anew';
  if (position.xid >= log.xmax || position.gap > log.gap)
    return 'the source is behind what was told already: it was restored from an older copy';
  const isWhole =
    position.xid > log.lowXid || (position.xid === log.lowXid && position.seq === afterTransaction);
  // Before the first emptying the mark is 0, and no transaction has that number.
  if (!isWhole && log.lowXid > 0n) return 'changes behind the position were taken out of the log already';
  return null;
}
