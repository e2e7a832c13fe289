import type { CollectionName } from '../../../protocol/names.ts';
import { formatName, parseName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { type RelationRow, relationsQuery } from './list.sql.ts';

export interface ListRequest {
  readonly pattern: string;
  readonly schema: string;
  /** Where our own tables are: no pattern means them. */
  readonly stateSchema: string;
}

/** `*` any text, `?` one character. Patterns mean tables; a view or a table partition must be named. */
export async function listCollections(
  session: Session,
  request: ListRequest,
  options: { readonly signal: AbortSignal },
): Promise<CollectionName[]> {
  const { rows } = await session.query<RelationRow>(relationsQuery, undefined, options);
  const wanted = parseName(request.pattern, request.schema);
  const exact = rows.filter((row) => row.schema === wanted.schema && row.table === wanted.table);
  const matching = exact.length > 0 ? exact : rows.filter((row) => isMeant(row, request));
  return matching.map(formatName).toSorted();
}

function isMeant(row: RelationRow, { pattern, schema, stateSchema }: ListRequest): boolean {
  if (!/[*?]/.test(pattern) || row.partition || !'rp'.includes(row.kind) || row.schema === stateSchema)
    return false;
  const wanted = parseName(pattern, schema);
  return toPattern(wanted.schema).test(row.schema) && toPattern(wanted.table).test(row.table);
}

function toPattern(text: string): RegExp {
  const source = text.replaceAll(/[\\^$.*+?()[\]{}|]/g, (sign) =>
    sign === '*' ? '.*' : sign === '?' ? '.' : `\\${sign}`,
  );
  return new RegExp(`^${source}$`, 's');
}
