import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import type { Session } from '../session/session.ts';
import { obstaclesOf } from '../writer/generation/swap/appearance.ts';
import type { CheckDestinationOptions } from './check-destination.ts';

/** Why a target that is to be swapped can't be: everything that would be lost, at once. */
export async function swapFindings(
  session: Session,
  { plan, table }: { readonly plan: CollectionPlan; readonly table: PgTable },
  { signal }: CheckDestinationOptions,
): Promise<readonly Finding[]> {
  if (plan.swap !== true) return [];
  const reasons = [
    ...planReasons(plan, table),
    ...(await obstaclesOf(session, table.oid, signal ?? new AbortController().signal)),
  ];
  if (reasons.length === 0) return [];
  const detail = reasons.join('; ');
  return [
    finding({ level: 'error', subject: plan.target }, 'swap-refused', { collection: plan.target, detail }),
  ];
}

/** Rows, and columns of rows, that only the target has. */
function planReasons(
  { columns, scope, leaving, alternatives }: CollectionPlan,
  table: PgTable,
): readonly string[] {
  const mapped = new Set(columns.map(({ target }) => target));
  const own = table.columns.filter(({ name, generated }) => generated === null && !mapped.has(name));
  const generated = table.columns.filter(({ name, generated: by }) => by !== null && mapped.has(name));
  return [
    ...generated.map(({ name }) => `the column ${name} is generated, and mapped (\`exclude\` it)`),
    ...own.map(({ name }) => `the column ${name} is the target’s own`),
    ...(alternatives.size === 0 ? [] : ['columns have alternatives, which are chosen row by row']),
    ...(scope.kind === 'where' || scope.kind === 'owned' ? ['rows of others may be in it (`scope`)'] : []),
    ...(leaving.kind === 'delete' ? [] : ['rows that leave are to stay in it (`leaving`)']),
  ];
}
