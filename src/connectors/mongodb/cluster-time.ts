import { BSON } from 'mongodb';
import { int32At } from './bson/layout.ts';

/**
 * A replica set's logical time as 16 hexadecimal digits, seconds since 1970 and a counter, so that texts have the order of times. Each
 * entry of the log has its own; all changes of a transaction share that of its commit.
 */
export type ClusterTime = string;

const hexDigits = 16;

/** Of a timestamp as BSON has it, which begins there: the counter, then the seconds. */
export const timeAt = (bytes: Uint8Array, at: number): ClusterTime =>
  `${hexOf(int32At(bytes, at + 4))}${hexOf(int32At(bytes, at))}`;

const hexOf = (word: number): string => (word >>> 0).toString(16).padStart(hexDigits / 2, '0');

/** Null: it is no time; a standalone server has none. */
export const timeOfTimestamp = (value: unknown): ClusterTime | null =>
  value instanceof BSON.Timestamp ? value.toBigInt().toString(16).padStart(hexDigits, '0') : null;

export function timestampOf(time: ClusterTime): BSON.Timestamp {
  return new BSON.Timestamp(BigInt(`0x${time}`));
}

/** The next one that there could be. */
export const timeAfter = (time: ClusterTime): ClusterTime =>
  (BigInt(`0x${time}`) + 1n).toString(16).padStart(hexDigits, '0');

export const parseTime = (text: string | undefined): ClusterTime | null =>
  text !== undefined && /^[0-9a-f]{16}$/.test(text) ? text : null;

/** To the second. */
export const millisecondsOf = (time: ClusterTime): number => Number.parseInt(time.slice(0, 8), 16) * 1000;

/** The newest of some; null: there is none. */
export const newestOf = (times: Iterable<ClusterTime>): ClusterTime | null => {
  let newest: ClusterTime | null = null;
  for (const time of times) if (newest === null || time > newest) newest = time;
  return newest;
};
