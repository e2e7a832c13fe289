import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { formatName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { hasNoRow } from '../writer/open/open-target.ts';
import type { CheckDestinationOptions } from './check-destination.ts';
import type { RelationRights } from './rights.ts';

export interface ScopeRequest {
  readonly plan: CollectionPlan;
  /** Null: it is to be created. */
  readonly existing: { readonly table: PgTable; readonly rights: RelationRights } | null;
}

/** Without a key a target is replaced as a whole, so only rows of ours may be in it. */
export async function scopeFindings(
  session: Session,
  request: ScopeRequest,
  options: CheckDestinationOptions,
): Promise<readonly Finding[]> {
  const { target, key } = request.plan;
  if (key.length > 0 || !(await isOwned(session, request, options))) return [];
  return [finding({ level: 'error', subject: target }, 'scope-needs-key', { collection: target })];
}

/** As `open` would decide it. */
async function isOwned(
  session: Session,
  { plan: { scope }, existing }: ScopeRequest,
  { decided, signal }: CheckDestinationOptions,
): Promise<boolean> {
  if (scope.kind !== 'default') return scope.kind === 'owned';
  if (existing === null) return false;
  const { table, rights } = existing;
  const decision = decided?.get(formatName(table));
  if (decision !== undefined) return decision === 'owned';
  // That it can't be looked into, or is no table, has a finding of its own.
  if (!rights.usage || !rights.select || rights.rowsHidden || !'rp'.includes(table.kind)) return false;
  return !(await hasNoRow(session, table, signal));
}
