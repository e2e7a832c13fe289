import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { wholeKeys } from '../catalog/key-choice.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { layOutColumns } from '../create/column-layout.ts';
import { qualified, quoteIdentifier } from '../names.ts';
import type { TargetRequest } from './check-target.ts';

/** The key that rows are written by, and constraints that may refuse rows. */
export function constraintFindings({ plan, table, options }: TargetRequest): Finding[] {
  const pending = options.keysPending?.has(plan.target) === true;
  return [
    ...(pending ? [] : keyFindings(plan, table)),
    ...refusals(plan, table),
    ...alternativeFindings(plan, table),
  ];
}

function keyFindings(plan: CollectionPlan, table: PgTable): Finding[] {
  if (plan.key.length === 0 || wholeKeys(table).some(({ columns }) => sameSet(columns, plan.key))) return [];
  const columns = plan.key.map(quoteIdentifier).join(', ');
  return [
    finding({ level: 'error', subject: plan.target }, 'key-not-unique', {
      collection: qualified(table),
      columns,
    }),
  ];
}

/** Of columns that are written; any other has a finding of its own. */
function alternativeFindings(plan: CollectionPlan, table: PgTable): Finding[] {
  const mapped = new Set(plan.columns.map(({ target }) => target));
  const isUnique = (column: string): boolean =>
    wholeAndPartial(table).some(({ columns }) => sameSet(columns, [column]));
  return [...plan.alternatives.keys()]
    .filter((column) => mapped.has(column) && !isUnique(column))
    .map((column) =>
      finding({ level: 'error', subject: plan.target }, 'alternatives-not-unique', {
        collection: qualified(table),
        column,
      }),
    );
}

/** Constraints of the target that no constraint of the source implies. */
function refusals(plan: CollectionPlan, table: PgTable): Finding[] {
  const known = knownOfSource(plan);
  const uniques = wholeAndPartial(table).filter(
    ({ columns }) =>
      !sameSet(columns, plan.key) &&
      !known.uniques.some((unique) => unique.every((name) => columns.includes(name))),
  );
  const checks = table.checks.filter(
    ({ enforced, definition }) => enforced && !known.definitions.has(definition),
  );
  const exclusions = table.exclusions.filter(({ definition }) => !known.definitions.has(definition));
  const names = [...uniques, ...checks, ...exclusions].map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    finding({ level: 'info', subject: plan.target }, 'postgres-constraints-refuse', {
      collection: plan.target,
      constraints: names.join(', '),
    }),
  ];
}

interface Known {
  /** Sets of target columns that are unique at the source. */
  readonly uniques: readonly (readonly string[])[];
  readonly definitions: ReadonlySet<string>;
}

function knownOfSource(plan: CollectionPlan): Known {
  const source = tableOf(plan.sourceShape);
  if (source === null || plan.map !== null) return { uniques: [], definitions: new Set() };
  const columns = layOutColumns(source, plan);
  const targetOf = (name: string) => columns.find((column) => column.source?.name === name)?.target;
  const uniques = wholeKeys(source).map((key) => key.columns.map((name) => targetOf(name) ?? ''));
  const definitions = [...source.checks, ...source.exclusions].map(({ definition }) => definition);
  return { uniques, definitions: new Set(definitions) };
}

const wholeAndPartial = (table: PgTable) => [
  ...(table.primaryKey === null ? [] : [table.primaryKey]),
  ...table.uniques,
];

const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((name) => right.includes(name));
