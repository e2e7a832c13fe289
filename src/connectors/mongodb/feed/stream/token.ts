import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { fieldName } from '../../bson/element-scan.ts';
import { elementNamed } from '../../bson/elements.ts';
import { type ClusterTime, parseTime } from '../../cluster-time.ts';

/** `_data` is hexadecimal; behind the type of its first value, a timestamp, stands the time. */
const typeDigits = 2;
const timeDigits = 16;

const dataName = fieldName('_data');

/** The time of a resume token: of the event that it stands behind, or up to which the log was looked through. */
export function timeOfToken(token: Uint8Array): ClusterTime {
  const data = elementNamed(token, dataName);
  if (data !== undefined) {
    const start = 4 + typeDigits;
    const digits = Buffer.from(data.value.subarray(start, start + timeDigits));
    const time = parseTime(digits.toString('latin1').toLowerCase());
    if (time !== null) return time;
  }
  throw new LockstepError('internal', { detail: 'the server gave a resume token without a time' });
}
