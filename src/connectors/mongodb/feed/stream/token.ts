import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { elementsOf } from '../../bson/layout.ts';
import { type ClusterTime, parseTime } from '../../cluster-time.ts';
import { textOf } from './text.ts';

/** `_data` is hexadecimal; behind the type of its first value, a timestamp, stands the time. */
const typeDigits = 2;
const timeDigits = 16;

/** The time of a resume token: of the event that it stands behind, or up to which the log was looked through. */
export function timeOfToken(token: Uint8Array): ClusterTime {
  for (const { name, value } of elementsOf(token)) {
    if (name !== '_data') continue;
    const start = 4 + typeDigits;
    const time = parseTime(textOf(value, start, start + timeDigits).toLowerCase());
    if (time !== null) return time;
  }
  throw new LockstepError('internal', { detail: 'the server gave a resume token without a time' });
}
