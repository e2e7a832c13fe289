import type { ClusterTime } from '../../cluster-time.ts';
import type { StreamPosition } from '../../position.ts';
import { isPoll } from '../poll/poll-position.ts';

/** ChangeStreamFatalError: the event that a token stands behind did not come. */
export const eventNotFound = 280;

/** Server codes that say that the log does not go on where we were. */
export const historyLost: Readonly<Record<number, string>> = {
  136: 'the source’s log was overwritten while it was read', // CappedPositionLost
  260: 'the source does not take the position', // InvalidResumeToken
  [eventNotFound]: 'the source’s log does not have what we told last: it is another history',
  286: 'the source’s log does not reach back so far any more', // ChangeStreamHistoryLost
};

/** BSONObjectTooLarge: an event with its document, its key and a token that holds the key again is larger than a document may be. */
export const tooLarge = 10334;

/** Why a position is none of this source; null: it may be. The server itself takes any, and is silent where it does not know it. */
export function strangeResume(
  at: StreamPosition,
  { identity, head }: { readonly identity: string; readonly head: ClusterTime },
): string | null {
  if (isPoll(at)) return 'its changes were found by comparing until now';
  if (at.identity !== identity) return 'it is another deployment or another database';
  if (at.time > head) return 'the source’s log ends before our position: it was restored from an older copy';
  return null;
}
