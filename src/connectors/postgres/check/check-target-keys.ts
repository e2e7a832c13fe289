import { type Finding, finding } from '../../../protocol/finding.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { formatName } from '../names.ts';
import type { TargetRequest } from './check-target.ts';

/** What becomes of a target's rows when their keys change at the source. */
export function keyFindings({ plan, table, targets }: TargetRequest): Finding[] {
  const at = { level: 'info', subject: plan.target } as const;
  const collection = plan.target;
  const source = tableOf(plan.sourceShape);
  const isFixed = (columns: PgTable['columns'], key: readonly string[]): boolean =>
    columns.some(({ name, identity }) => key.includes(name) && identity === 'a');
  // Then it does not change at the source either.
  if (source !== null && isFixed(source.columns, plan.sourceKey ?? [])) return [];
  const fixed = table.columns.filter(({ name, identity }) => plan.key.includes(name) && identity === 'a');
  if (fixed.length > 0) {
    const columns = fixed.map(({ name }) => name).join(', ');
    return [finding(at, 'postgres-key-fixed', { collection, columns })];
  }
  // Rows of targets that change with them are moved together.
  const isOurs = (name: string): boolean => targets.some((target) => formatName(target) === name);
  const holding = table.referencedBy.filter(
    (referrer) => 'ar'.includes(referrer.onUpdate) && !isOurs(formatName(referrer)),
  );
  if (holding.length === 0) return [];
  const tables = holding.map((referrer) => `${formatName(referrer)} (${referrer.name})`).join(', ');
  return [finding(at, 'postgres-keys-held', { collection, tables })];
}
