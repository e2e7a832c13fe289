import type { ErrorCode } from '../../../protocol/errors/catalogue.ts';
import { LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { CollectionName } from '../../../protocol/names.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { describeOutput, filterCondition, fromTable, whereClause } from './select.ts';
import type { TypeCache } from './type-cache.ts';

/** The statement is well; who may read what is another question. */
const notOfTheExpression: ReadonlySet<ErrorCode> = new Set([
  'permission-denied',
  'rows-hidden',
  'interrupted',
]);

interface TypesRequest {
  readonly name: TableName;
  readonly collection: CollectionName;
  readonly selection: Selection;
  readonly types: TypeCache;
}

/** Lets the server look at the selection without reading a row. What it refuses is the configuration's fault: columns were checked before. */
export async function typesOf(
  session: Session,
  { name, collection, selection, types }: TypesRequest,
  { signal }: { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  try {
    const request = { table: name, columns: selection.columns, types };
    const output = await describeOutput(session, request, { signal, collection });
    const filter = whereClause(filterCondition(selection));
    await session.query(`SELECT ${fromTable(name)}${filter} LIMIT 0`, undefined, { signal, collection });
    return new Map(output.map((column) => [column.name, column.type.name]));
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class === 'transient' || notOfTheExpression.has(error.code)) throw thrown;
    const details = { collection, what: 'an expression or the filter of its mapping', side: 'source' };
    throw new LockstepError('expression-invalid', { ...details, detail: reasonOf(error) }, { cause: thrown });
  }
}

/** What the server says of the statement; it holds no data, for none was read. */
const reasonOf = ({ cause, message }: LockstepError): string =>
  cause instanceof Error ? cause.message : message;
