import type { FeedRequest } from '../../../../../protocol/feed.ts';
import { formatName, parseName } from '../../../names.ts';
import type { Session } from '../../../session/session.ts';
import { readCapturedTables } from '../publication/captured-tables.ts';
import { unpublished } from '../publication/lacking.ts';
import { readPublication } from '../publication/plan-publication.ts';
import { wantedTables } from '../publication/wanted-tables.ts';
import type { CaptureSetup } from './capture-setup.ts';

/**
 * Collections whose tables the publication does not tell, or not as a whole. The slot knows nothing of that: its place says that all is there.
 * A publication that is gone takes the slot with it, and that is told as a gap.
 */
export async function uncapturedNames(
  session: Session,
  { names, defaultSchema }: CaptureSetup,
  { collections, signal }: FeedRequest,
): Promise<readonly string[]> {
  const existing = await readPublication(session, names.publication, { signal });
  if (existing === null) return [];
  const tables = await readCapturedTables(session, { collections, defaultSchema, signal });
  const lost = unpublished(existing, wantedTables(collections, tables, defaultSchema), tables);
  const untold = new Set(lost.map(formatName));
  return collections
    .filter(({ source }) => untold.has(formatName(parseName(source, defaultSchema))))
    .map(({ name }) => name);
}
