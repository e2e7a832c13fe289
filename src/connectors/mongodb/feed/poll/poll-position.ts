import type { Position } from '../../../../protocol/names.ts';
import { decodePosition, encodePosition, type StreamPosition } from '../../position.ts';

/** Spelled as a stream's positions, so that a pipeline may go over to the stream, to which these are positions of another source. */
const suffix = ' by comparing';

/** The moment, by the source's clock in epoch milliseconds, at which it was time to compare. */
export function encodePoll({
  identity,
  atMs,
}: {
  readonly identity: string;
  readonly atMs: number;
}): Position {
  const seconds = Math.floor(atMs / 1000);
  // The counter has the milliseconds.
  const time = ((BigInt(seconds) << 32n) | BigInt(atMs - seconds * 1000)).toString(16).padStart(16, '0');
  return encodePosition({ identity: `${identity}${suffix}`, time, token: null });
}

/** Its time is no time of the source's log. */
export const isPoll = ({ identity }: Pick<StreamPosition, 'identity'>): boolean => identity.endsWith(suffix);

/** Whether the position was told by polling this very source. */
export const isPollOf = (position: Position, identity: string): boolean =>
  decodePosition(position).identity === `${identity}${suffix}`;
