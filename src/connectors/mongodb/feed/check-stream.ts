import type { FeedRequest } from '../../../protocol/feed.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import { lackingRights, readPrivileges } from '../check/privileges.ts';
import type { Deployment } from '../session/deployment.ts';
import { checkLogWindow } from './log-window.ts';
import { checkUpdates } from './updates-read.ts';

const noStream =
  "it tells no changes; with `capture: { kind: 'poll' }` at the source both sides are compared again and again instead";

/** What would go wrong, or be lost, if these collections were captured. Changes nothing. */
export async function checkStream(
  deployment: Deployment,
  { collections, signal }: FeedRequest,
): Promise<readonly Finding[]> {
  const { facts, endpoint, config } = deployment;
  const { address, database } = endpoint;
  if (facts.kind === 'standalone')
    return [
      finding({ level: 'error', subject: 'source' }, 'mongodb-standalone', { address, detail: noStream }),
    ];
  // What reading has said of it already.
  if (facts.kind === 'sharded') return [];
  const privileges = await readPrivileges(deployment, { signal });
  // A stream of a database needs the right on all of its collections.
  const following = { collection: '', actions: ['find', 'changeStream'] };
  const lacking = lackingRights(deployment, privileges, following);
  const findings = [
    ...lacking,
    await checkLogWindow(deployment, { signal }),
    // Nothing is followed yet that could cost anything.
    ...(lacking.length > 0 ? [] : await checkUpdates(deployment, { collections, signal })),
  ];
  const keeping = { collection: config.stateCollection, actions: ['find', 'insert', 'update', 'remove'] };
  if (lackingRights(deployment, privileges, keeping).length === 0) return findings;
  const collection = config.stateCollection;
  const unnoticed = finding({ level: 'info', subject: 'source' }, 'mongodb-restore-unnoticed', {
    collection,
    database,
  });
  return [...findings, unnoticed];
}
