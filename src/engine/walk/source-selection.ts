import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { SelectedColumn, Selection } from '../../protocol/selection.ts';

/** What is read from the source for a plan, and which of its output columns are the key. */
export interface SourceSelection {
  readonly selection: Selection;
  readonly keyColumns: readonly string[];
}

/**
 * Without a function the source already answers with target columns in the target's types, so rows can pass untouched. With one, the
 * function gets the source's own columns (and the plan's expressions under their target names), and the key's source columns ride along.
 */
export function sourceSelection(plan: CollectionPlan): SourceSelection {
  return plan.map === null ? plainSelection(plan) : functionSelection(plan);
}

function plainSelection(plan: CollectionPlan): SourceSelection {
  const columns: SelectedColumn[] = [];
  for (const { target, from, type } of plan.columns) {
    if (!('mapped' in from))
      columns.push({ name: target, from, as: plan.conversion === 'writer' ? null : type });
  }
  return { selection: { columns, filter: plan.filter }, keyColumns: plan.key };
}

/** The function hands the key on as it is, so between databases of two kinds it gets it as the target has it. */
function seenAs({ conversion, columns }: CollectionPlan, source: string, isKey: boolean): string | null {
  if (conversion !== 'reader') return null;
  if (!isKey) return 'plain';
  return columns.find(({ from }) => 'column' in from && from.column === source)?.type ?? null;
}

function functionSelection(plan: CollectionPlan): SourceSelection {
  const keyColumns = plan.sourceKey ?? [];
  // The key first: of a row that is too large to be read it is still known then.
  const names = new Set([...keyColumns, ...plan.mapReads]);
  const columns: SelectedColumn[] = [...names].map((name) => ({
    name,
    from: { column: name },
    as: seenAs(plan, name, keyColumns.includes(name)),
  }));
  for (const { target, from } of plan.columns) {
    if ('expression' in from && !names.has(target))
      columns.push({ name: target, from, as: seenAs(plan, target, false) });
  }
  return { selection: { columns, filter: plan.filter }, keyColumns };
}
