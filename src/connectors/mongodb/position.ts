import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Position } from '../../protocol/names.ts';
import { type ClusterTime, parseTime } from './cluster-time.ts';

/** Between two transactions of a replica set: everything that was committed at or before its time was told. */
export interface StreamPosition {
  /** As `readIdentity` spells it: a token of another deployment is refused late or never. */
  readonly identity: string;
  readonly time: ClusterTime;
  /** Where a change stream goes on, as the server gave it, in BSON; null: behind the time. */
  readonly token: Uint8Array | null;
}

const prefix = 'stream1';
const noToken = '-';

/** `stream1/<time>/<token in base64url, or ->/<identity>` */
export function encodePosition({ identity, time, token }: StreamPosition): Position {
  const place = token === null ? noToken : Buffer.from(token).toString('base64url');
  return [prefix, time, place, identity].join('/');
}

export function decodePosition(position: Position): StreamPosition {
  const [kind, text, place, ...identity] = position.split('/');
  const time = parseTime(text);
  if (kind !== prefix || time === null || place === undefined) {
    const detail = `${JSON.stringify(position)} is no position in a change stream`;
    throw new LockstepError('internal', { detail });
  }
  const token = place === noToken ? null : Buffer.from(place, 'base64url');
  return { identity: identity.join('/'), time, token };
}

/** Times alone decide: a position is never within what was committed at one time. */
export function orderPositions(a: Position, b: Position): 'before' | 'same' | 'after' {
  const [one, other] = [decodePosition(a).time, decodePosition(b).time];
  if (one === other) return 'same';
  return one < other ? 'before' : 'after';
}
