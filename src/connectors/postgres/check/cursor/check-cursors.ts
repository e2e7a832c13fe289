import type { Finding } from '../../../../protocol/finding.ts';
import { finding } from '../../../../protocol/finding.ts';
import type { CollectionName } from '../../../../protocol/names.ts';
import type { CursorSettings } from '../../../../protocol/since.ts';
import { describeTables } from '../../catalog/describe-table.ts';
import { parseName, quoteIdentifier } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import { checkColumn } from './check-column.ts';
import {
  type LongPreparedRow,
  longPreparedQuery,
  type ServerFacts,
  serverFactsQuery,
} from './cursor-facts.sql.ts';

export interface CheckCursorOptions {
  readonly user: string;
  readonly defaultSchema: string;
  /** From when on a prepared transaction is told. Default: ten minutes, as whoever commits in two steps needs a moment for the second. */
  readonly preparedForSeconds?: number;
  readonly signal?: AbortSignal | undefined;
}

const tenMinutes = 600;

/** What cursors guarantee at this server, and what not. Tables that are missing, or can't be read, are told elsewhere. */
export async function checkCursors(
  session: Session,
  cursors: ReadonlyMap<CollectionName, CursorSettings>,
  options: CheckCursorOptions,
): Promise<readonly Finding[]> {
  if (cursors.size === 0) return [];
  const findings = [...(await checkServer(session, options))];
  const names = [...cursors.keys()].map((collection) => parseName(collection, options.defaultSchema));
  const tables = (await describeTables(session, names, options)).values();
  for (const [collection, settings] of cursors) {
    const table = tables.next().value;
    if (table !== undefined && table !== null)
      findings.push(...(await checkColumn(session, { collection, table, settings }, options)));
  }
  return findings;
}

async function checkServer(
  session: Session,
  { user, preparedForSeconds = tenMinutes, signal }: CheckCursorOptions,
): Promise<readonly Finding[]> {
  const { rows } = await session.query<ServerFacts>(serverFactsQuery, undefined, { signal });
  const prepared = await session.query<LongPreparedRow>(longPreparedQuery, [preparedForSeconds], { signal });
  const [facts] = rows;
  const at = <Level extends Finding['level']>(level: Level) => ({ level, subject: 'source' });
  return [
    ...(facts?.seesAll === false
      ? [finding(at('info'), 'cursor-open-unseen', { user: quoteIdentifier(user) })]
      : []),
    ...(facts?.isStandby === true ? [finding(at('warning'), 'cursor-on-standby', {})] : []),
    ...prepared.rows.map(({ gid, since }) => finding(at('warning'), 'cursor-prepared', { gid, since })),
  ];
}
