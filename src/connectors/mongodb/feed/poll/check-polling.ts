import { type Finding, finding } from '../../../../protocol/finding.ts';
import type { PollParts } from './poll-feed.ts';

/** What falls without a change stream. */
export function checkPolling({
  deployment,
  everyMs,
}: Pick<PollParts, 'deployment' | 'everyMs'>): readonly Finding[] {
  const { address } = deployment.endpoint;
  const seconds = everyMs / 1000;
  return [finding({ level: 'info', subject: 'source' }, 'mongodb-polled', { address, seconds })];
}
