import pg from 'pg';
import type { ErrorCode } from '../../../protocol/errors/catalogue.ts';
import { type LockstepError, toLockstepError } from '../../../protocol/errors/lockstep-error.ts';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import type { Session } from '../session/session.ts';
import { trialTransaction } from '../session/trial-transaction.ts';
import type { DatabaseRights, RelationRights } from './rights.ts';
import { emptyLeaving, withClear, withPredicate, withSet } from './target-expressions.sql.ts';

export interface ExpressionsRequest {
  readonly plan: CollectionPlan;
  readonly table: PgTable;
  readonly tableRights: RelationRights;
  readonly rights: DatabaseRights;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets the server take apart what the configuration says in its language about a target, so that a mistake shows before anything is
 * written. Nothing of it is run. What the user may not try is left out: that right has a finding of its own.
 */
export async function expressionFindings(
  session: Session,
  request: ExpressionsRequest,
): Promise<readonly Finding[]> {
  const { tableRights, rights, table } = request;
  // A standby refuses even the lock under which an UPDATE is looked at; row security that hides rows, any look, and has a finding of its own.
  if (!tableRights.usage || tableRights.rowsHidden || rights.standby || !'rp'.includes(table.kind)) return [];
  const findings: Finding[] = [];
  for (const { what, isUnderstood } of [
    ...predicatesOf(request),
    ...setsOf(request),
    ...statementOf(request),
  ])
    findings.push(...(await refusalOf(request, { what, attempt: () => isUnderstood(session) })));
  return findings;
}

/** Something that the user wrote, and what throws where the server does not understand it. */
interface Attempt {
  readonly what: string;
  readonly isUnderstood: (session: Session) => Promise<void>;
}

const parsing = (
  { plan, signal }: ExpressionsRequest,
  { what, sql }: { readonly what: string; readonly sql: string },
): Attempt => ({
  what,
  isUnderstood: (session) => session.parse(sql, { signal, collection: plan.target }),
});

function predicatesOf(request: ExpressionsRequest): readonly Attempt[] {
  const { scope, leaving } = request.plan;
  const predicates = [
    ...(scope.kind === 'where' ? [['`scope.where`', scope.predicate] as const] : []),
    ...(leaving.kind === 'mark' ? [['`marked` of `leaving`', leaving.marked] as const] : []),
    ...(leaving.kind === 'custom' ? [['`absent` of `leaving`', leaving.absent] as const] : []),
  ];
  return predicates.map(([what, predicate]) =>
    parsing(request, { what, sql: withPredicate(request.table, predicate) }),
  );
}

function setsOf(request: ExpressionsRequest): readonly Attempt[] {
  const { table } = request;
  const { leaving, columns } = request.plan;
  const set = leaving.kind === 'mark' ? Object.entries(leaving.set) : [];
  // A mapped column gets its mapped value when its row is back.
  const mapped = new Set(columns.map(({ target }) => target));
  const clears = leaving.kind === 'mark' || leaving.kind === 'custom' ? (leaving.clear ?? {}) : {};
  const clear = Object.entries(clears).filter(([column]) => !mapped.has(column));
  return [
    ...(set.length === 0 ? [] : [parsing(request, { what: '`set` of `leaving`', sql: withSet(table, set) })]),
    ...(clear.length === 0
      ? []
      : [parsing(request, { what: '`clear` of `leaving`', sql: withClear(table, clear) })]),
  ];
}

/** Beside an empty table `leaving`, which takes a database that can be written to and the right to make one. */
function statementOf(request: ExpressionsRequest): readonly Attempt[] {
  const { table, rights, signal } = request;
  const { leaving, key, target } = request.plan;
  if (leaving.kind !== 'custom' || rights.readOnly || !rights.temporary) return [];
  const hasKey = key.length > 0 && key.every((name) => table.columns.some((column) => column.name === name));
  if (!hasKey) return [];
  const options = { signal, collection: target };
  const isUnderstood = (session: Session): Promise<void> =>
    trialTransaction(
      session,
      async () => {
        await session.execute(emptyLeaving(table, key), options);
        await session.parse(leaving.statement, options);
      },
      options,
    );
  return [{ what: '`statement` of `leaving`', isUnderstood }];
}

async function refusalOf(
  { plan: { target: collection } }: ExpressionsRequest,
  { what, attempt }: { readonly what: string; readonly attempt: () => Promise<void> },
): Promise<readonly Finding[]> {
  try {
    await attempt();
    return [];
  } catch (thrown) {
    const error = toLockstepError(thrown);
    const { code, message, cure } = error;
    // Of what a statement names besides the target.
    if (code === 'permission-denied' || code === 'rows-hidden')
      return [{ level: 'error', subject: collection, code, message, cure }];
    if (!ofTheExpression.has(code)) throw thrown;
    const detail = reasonOf(error);
    if (isOfSeveralCommands(error)) return [];
    const details = { collection, what, side: 'destination', detail };
    return [finding({ level: 'error', subject: collection }, 'expression-invalid', details)];
  }
}

/** What the server's refusals of a statement are told as; anything else is about the server or the connection. */
const ofTheExpression: ReadonlySet<ErrorCode> = new Set([
  'collection-gone',
  'internal',
  'row-too-large',
  'shape-changed',
  'value-refused',
]);

/** They run one after the other, and can't be looked at before. Told by where the server refuses them, since it speaks many languages. */
const isOfSeveralCommands = ({ cause }: LockstepError): boolean =>
  cause instanceof pg.DatabaseError && cause.code === '42601' && cause.routine === 'exec_parse_message';

/** What the server says of the statement; it holds no data, for none was read. */
const reasonOf = ({ cause, message }: LockstepError): string =>
  cause instanceof Error ? cause.message : message;
