import type { CollectionPlan } from '../../../protocol/mapping.ts';
import { wholeKeys } from '../catalog/key-choice.ts';
import type { PgReference, PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { formatName, parseName, qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import { layOutColumns } from './column-layout.ts';
import type { Omission } from './omission.ts';
import type { TableSource } from './table-source.ts';

export interface ReferenceRequest {
  readonly source: TableSource;
  readonly plan: CollectionPlan;
  readonly target: TableName;
  /** As it is now; null in a preview. */
  readonly existing: PgTable | null;
  /** All plans of the pipeline: they say where the referenced tables went. */
  readonly plans: readonly CollectionPlan[];
  readonly defaultSchema: string;
  /** The table at the destination; null: it does not exist. `planned`: it will be made with all keys of its source. */
  readonly referenced: (name: TableName) => Promise<PgTable | 'planned' | null>;
}

export interface ReferenceStep {
  readonly name: string;
  readonly to: ReferencedKey;
  /** Null when it is there already. Adds it without looking at the rows: a short lock on both tables. */
  readonly add: string | null;
  /** Looks at the rows, while others may read and write both tables. Null when there is nothing to prove. */
  readonly validate: string | null;
  /** Undoes `add` when the rows do not pass. */
  readonly drop: string;
}

/** The foreign keys of the source, pointing to where the referenced rows went. */
export async function referenceStatements(
  request: ReferenceRequest,
): Promise<{ readonly steps: readonly ReferenceStep[]; readonly omissions: readonly Omission[] }> {
  const steps: ReferenceStep[] = [];
  const omissions: Omission[] = [];
  for (const reference of request.source.references) {
    const outcome = await layReference(reference, request);
    if (typeof outcome === 'string')
      omissions.push({ what: `the foreign key ${reference.name}`, reason: outcome });
    else if (outcome !== null) steps.push(outcome);
  }
  return { steps, omissions };
}

/** A step, null when nothing is to be done, or the reason why it can't be. */
async function layReference(
  reference: PgReference,
  request: ReferenceRequest,
): Promise<ReferenceStep | string | null> {
  if (reference.temporal) return 'keys over PERIOD are not made';
  if (!reference.enforced) return 'it is not enforced at the source either';
  const columns = targetColumns(reference.columns, request.source, request.plan);
  if (columns === null) return 'its columns are not all mapped as they are';
  const destination = whereTo(reference, request);
  if (destination === null)
    return `the columns of ${formatName(reference)} that it refers to are not all mapped as they are`;
  const referenced = await request.referenced(destination.table);
  if (referenced === null) return `the destination has no table ${formatName(destination.table)}`;
  if (referenced !== 'planned' && !isKeyOf(referenced, destination.columns)) {
    return `${formatName(destination.table)} has no unique key (${destination.columns.join(', ')})`;
  }
  return stepFor({ reference, columns, destination, request });
}

/** What it refers to, as the destination calls it. */
export interface ReferencedKey {
  readonly table: TableName;
  readonly columns: readonly string[];
}

interface StepRequest {
  readonly reference: PgReference;
  readonly columns: readonly string[];
  readonly destination: ReferencedKey;
  readonly request: ReferenceRequest;
}

function stepFor({ reference, columns, destination, request }: StepRequest): ReferenceStep | null {
  const table = qualified(request.target);
  const present = request.existing?.references.find((candidate) => candidate.name === reference.name);
  if (present?.validated === true || (present !== undefined && !reference.validated)) return null;
  const name = quoteIdentifier(reference.name);
  const add = `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${definition(reference, columns, destination)} NOT VALID`;
  const comment =
    reference.comment === null
      ? ''
      : `;\nCOMMENT ON CONSTRAINT ${name} ON ${table} IS ${quoteLiteral(reference.comment)}`;
  return {
    name: reference.name,
    to: destination,
    add: present === undefined ? add + comment : null,
    validate: reference.validated ? `ALTER TABLE ${table} VALIDATE CONSTRAINT ${name}` : null,
    drop: `ALTER TABLE ${table} DROP CONSTRAINT IF EXISTS ${name}`,
  };
}

const isKeyOf = (table: PgTable, columns: readonly string[]): boolean =>
  wholeKeys(table).some(
    (key) => key.columns.length === columns.length && key.columns.every((name) => columns.includes(name)),
  );

/** Where the referenced rows are at the destination: by another plan's mapping, else under the same names. */
function whereTo(reference: PgReference, { plans, defaultSchema }: ReferenceRequest): ReferencedKey | null {
  const plan = plans.find(
    (candidate) => formatName(parseName(candidate.source, defaultSchema)) === formatName(reference),
  );
  if (plan === undefined) {
    return {
      table: { schema: reference.schema, table: reference.table },
      columns: reference.referencedColumns,
    };
  }
  const source = tableOf(plan.sourceShape);
  const columns = source === null ? null : targetColumns(reference.referencedColumns, source, plan);
  return columns === null ? null : { table: parseName(plan.target, defaultSchema), columns };
}

function targetColumns(names: readonly string[], source: TableSource, plan: CollectionPlan): string[] | null {
  const laid = layOutColumns(source, plan);
  const targets = names.flatMap(
    (name) => laid.find((column) => column.alike && column.source?.name === name)?.target ?? [],
  );
  return targets.length === names.length ? targets : null;
}

function definition(reference: PgReference, columns: readonly string[], destination: ReferencedKey): string {
  const { options } = reference;
  const list = (names: readonly string[]): string => `(${names.map(quoteIdentifier).join(', ')})`;
  const ofDelete = options.onDeleteColumns.flatMap((name) => columns[reference.columns.indexOf(name)] ?? []);
  return [
    `FOREIGN KEY ${list(columns)} REFERENCES ${qualified(destination.table)} ${list(destination.columns)}`,
    options.match === 'f' ? 'MATCH FULL' : '',
    action('UPDATE', options.onUpdate),
    action('DELETE', options.onDelete),
    ofDelete.length > 0 ? list(ofDelete) : '',
    reference.deferrable ? `DEFERRABLE${options.initiallyDeferred ? ' INITIALLY DEFERRED' : ''}` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

const actions: Readonly<Record<string, string>> = {
  r: 'RESTRICT',
  c: 'CASCADE',
  n: 'SET NULL',
  d: 'SET DEFAULT',
};

function action(event: 'UPDATE' | 'DELETE', code: string): string {
  const name = actions[code];
  return name === undefined ? '' : `ON ${event} ${name}`;
}
