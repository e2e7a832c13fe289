import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Position } from '../../../../protocol/names.ts';
import { formatLsn, type Lsn, parseLsn } from './lsn.ts';

/** A place in the log of one history of one database. */
export interface LogPosition {
  /** As `readIdentity` spells it: `<system>/<timeline>/<database>`. */
  readonly source: string;
  readonly lsn: Lsn;
}

/** `7412345678901234567/1/shop@16/B374D848` */
export const formatPosition = ({ source, lsn }: LogPosition): Position => `${source}@${formatLsn(lsn)}`;

export function parsePosition(position: Position): LogPosition {
  const at = position.lastIndexOf('@');
  const lsn = at < 0 ? null : parseLsn(position.slice(at + 1));
  if (lsn === null) throw new LockstepError('postgres-position-unreadable', { position });
  return { source: position.slice(0, at), lsn };
}

export function orderPositions(a: Position, b: Position): 'before' | 'same' | 'after' {
  const left = parsePosition(a).lsn;
  const right = parsePosition(b).lsn;
  if (left === right) return 'same';
  return left < right ? 'before' : 'after';
}

/** What an identity is made of. */
export interface SourceParts {
  readonly system: string;
  /** Null where the server does not tell. */
  readonly timeline: number | null;
  readonly database: string;
}

/** Reads `<system>/<timeline>/<database>` and `database-oid-<oid>/<database>`. */
export function partsOfSource(source: string): SourceParts {
  const match = /^(\d+)\/([^/]*)\/(.*)$/s.exec(source);
  if (match === null) {
    const slash = source.indexOf('/');
    return { system: source.slice(0, slash), timeline: null, database: source.slice(slash + 1) };
  }
  const [, system = '', timeline = '', database = ''] = match;
  return { system, timeline: /^\d+$/.test(timeline) ? Number(timeline) : null, database };
}
