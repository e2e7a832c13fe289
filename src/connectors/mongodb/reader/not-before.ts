import type { ClientSession } from 'mongodb';
import type { Position } from '../../../protocol/names.ts';
import type { ReadSnapshot } from '../../../protocol/reader.ts';
import { type ClusterTime, newestOf, parseTime, timeOfTimestamp, timestampOf } from '../cluster-time.ts';
import { isPoll } from '../feed/poll/poll-position.ts';
import { decodePosition } from '../position.ts';
import type { Deployment } from '../session/deployment.ts';

/** How far the primary's log is; null: a standalone server has none, and shows everything at once. */
export async function logTime(
  deployment: Deployment,
  { signal }: { readonly signal: AbortSignal },
): Promise<ClusterTime | null> {
  const reply = await deployment.run({ signal }, (db) => db.command({ ping: 1 }, { signal }));
  return timeOfTimestamp(reply['operationTime']);
}

function timesOf(position: Position): readonly ClusterTime[] {
  const decoded = decodePosition(position);
  return isPoll(decoded) ? [] : [decoded.time];
}

type LookupOptions = Parameters<ReadSnapshot['lookup']>[2];

/** What a read has to show at least: a member that has just become primary may not know yet what a majority has. */
export const notBefore = ({
  notBefore: position,
  shows = [],
}: Pick<LookupOptions, 'notBefore' | 'shows'>): ClusterTime | null =>
  newestOf([
    ...(position === null ? [] : timesOf(position)),
    ...shows.filter((name) => parseTime(name) !== null),
  ]);

/** Reads of this session show everything up to the time (`afterClusterTime`), or wait until they do. */
export function sessionAfter(deployment: Deployment, time: ClusterTime): ClientSession {
  const session = deployment.client.startSession({ causalConsistency: true });
  session.advanceOperationTime(timestampOf(time));
  return session;
}
