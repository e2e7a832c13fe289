import type { CollectionName } from '../../../../../protocol/names.ts';
import type { Session } from '../../../session/session.ts';
import type { LogLayout } from '../log-layout.ts';
import { findLog, logColumns, logObjects } from './create-log.sql.ts';

/** What a number in the log means. Never changes; a table that is captured with other columns gets another number. */
export interface Capture {
  readonly capture: number;
  readonly source: CollectionName;
  readonly relation: number;
  readonly columns: readonly string[];
  /** Its triggers are there; else only rows of it may still be in the log. */
  readonly active: boolean;
  /** What the table looked like when we last looked (see `Appearance`). */
  readonly seen: string;
}

interface SignalOption {
  readonly signal: AbortSignal;
}

/** `damaged`: some of it is there, or it is not what we made: nothing of what it holds is certain. `barred`: we may not use it. */
export type LogState = 'missing' | 'whole' | 'damaged' | 'barred';

export async function readLogState(
  session: Session,
  layout: LogLayout,
  options: SignalOption,
): Promise<LogState> {
  const values = [layout.schemaName, logObjects(layout), logColumns];
  const { rows } = await session.query<Found>(findLog, values, options);
  const found = rows[0];
  if (found?.present !== true) return 'missing';
  if (!found.whole) return 'damaged';
  return found.usable ? 'whole' : 'barred';
}

interface Found {
  readonly present: boolean;
  readonly whole: boolean;
  readonly usable: boolean;
}

/** By number. */
export async function readCaptures(
  session: Session,
  layout: LogLayout,
  options: SignalOption,
): Promise<readonly Capture[]> {
  const { rows } = await session.query<{ item: string }>(capturesQuery(layout), undefined, options);
  return rows.map(({ item }) => {
    const capture: Capture = JSON.parse(item);
    return capture;
  });
}

const capturesQuery = ({ captures }: LogLayout): string => `
SELECT pg_catalog.json_build_object('capture', capture, 'source', source, 'relation', relation::int8, 'columns', columns,
  'active', active, 'seen', seen)::text AS item FROM ${captures} ORDER BY capture`;

export async function saveCapture(
  session: Session,
  { layout, capture }: { readonly layout: LogLayout; readonly capture: Capture },
  options: SignalOption,
): Promise<void> {
  const { source, relation, columns, active, seen } = capture;
  await session.query(
    `INSERT INTO ${layout.captures} AS c (capture, source, relation, columns, active, seen) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (capture) DO UPDATE SET active = EXCLUDED.active, seen = EXCLUDED.seen`,
    [capture.capture, source, relation, columns, active, seen],
    options,
  );
}
