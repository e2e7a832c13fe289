import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import type { PgCheck, PgColumn } from '../catalog/pg-table.ts';
import { formatName, qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import { type LaidColumn, layOutColumns, renameStatements } from './column-layout.ts';
import { type LaidSequence, laySequences, sequenceOptions } from './create-sequences.ts';
import { collate, typeSteps } from './create-types.ts';
import { missing, type Omission } from './omission.ts';
import type { TableSource } from './table-source.ts';
import { missingNeeds, type TargetFacts } from './target-facts.ts';

export interface CreateRequest {
  readonly source: TableSource;
  readonly plan: CollectionPlan;
  readonly target: TableName;
  readonly facts: TargetFacts;
}

export interface Creation {
  /** Each in a transaction of its own, first. */
  readonly before: readonly PreparedStep[];
  /** All in one transaction. */
  readonly steps: readonly PreparedStep[];
  readonly omissions: readonly Omission[];
}

const virtualColumnsSince = 180_000;
const notEnforcedSince = 180_000;

/** Everything of the new table but keys, indexes and foreign keys, which are faster made over the rows. */
export function createStatements({ source, plan, target, facts }: CreateRequest): Creation {
  const columns = layOutColumns(source, plan);
  const sequences = laySequences(columns, target, facts);
  const types = typeSteps(source, facts);
  const omissions: Omission[] = [...types.omissions, ...unlaid(source, plan, columns)];
  const request = { source, target, facts, columns, sequences, omissions };
  const sql = qualified(target);
  const renames = renameStatements(sql, columns, 'forth').map((statement) => ({
    what: 'Name a column as mapped',
    statement,
  }));
  const steps = [
    ...schemaSteps(request),
    ...types.steps,
    ...sequences.flatMap(({ create }) => (create === null ? [] : [create])),
    tableStep(request),
    ...sequences.flatMap(({ own }) => (own === null ? [] : [own])),
    ...renames,
    ...commentSteps(request),
  ];
  return { before: types.before, steps, omissions };
}

/** Names of the columns under which checks and indexes can be attached. */
export const attachable = (columns: readonly LaidColumn[]): ReadonlySet<string> =>
  new Set(columns.filter(({ alike }) => alike).map(({ interim }) => interim));

function unlaid(source: TableSource, plan: CollectionPlan, columns: readonly LaidColumn[]): Omission[] {
  const laid = new Set(columns.map((column) => column.source?.name));
  const wanted = new Set(plan.columns.map(({ target }) => target));
  return source.columns
    .filter((column) => column.generated !== null && !laid.has(column.name) && !wanted.has(column.name))
    .map((column) => ({
      what: `the generated column ${column.name}`,
      reason: 'columns that it is computed from are not mapped',
    }));
}

function schemaSteps({ source, target, facts, sequences }: TableRequest): PreparedStep[] {
  const ofTypes = source.userTypes
    .filter((type) => !facts.types.some(({ name }) => name === type.name))
    .map((type) => type.extension?.schema ?? type.schema);
  const shared = sequences.flatMap(({ own, create, column }) =>
    own === null && create !== null ? [column.source?.sequence?.schema ?? target.schema] : [],
  );
  return [...new Set([target.schema, ...ofTypes, ...shared])]
    .filter((schema) => !facts.schemas.includes(schema))
    .map((schema) => ({
      what: `Create the schema ${schema}`,
      statement: `CREATE SCHEMA ${quoteIdentifier(schema)}`,
    }));
}

interface TableRequest extends Pick<CreateRequest, 'source' | 'target' | 'facts'> {
  readonly columns: readonly LaidColumn[];
  readonly sequences: readonly LaidSequence[];
  readonly omissions: Omission[];
}

function tableStep(request: TableRequest): PreparedStep {
  const { source, target, facts, columns, omissions } = request;
  const lines = columns.map((column) => columnLine(column, request));
  for (const check of source.checks) {
    const refusal = attaches(check, columns)
      ? checkRefusal(check, facts)
      : 'its columns are not all mapped as they are';
    if (refusal === null) lines.push(`CONSTRAINT ${quoteIdentifier(check.name)} ${check.definition}`);
    else omissions.push({ what: `the check ${check.name}`, reason: refusal });
  }
  const statement = `CREATE TABLE ${qualified(target)} (\n  ${lines.join(',\n  ')}\n)`;
  return { what: `Create the table ${formatName(target)}`, statement };
}

/** A column as it stands in CREATE TABLE. */
function columnLine(column: LaidColumn, request: TableRequest): string {
  const { source, formatType, alike, interim } = column;
  const parts = [`${quoteIdentifier(interim)} ${formatType}`];
  if (source !== null) parts.push(...collationPart(column, request));
  if (source !== null && alike) parts.push(...valuePart(source, column, request));
  if (source?.notNull === true) parts.push('NOT NULL');
  return parts.join(' ');
}

function collationPart({ source, alike }: LaidColumn, { facts, omissions }: TableRequest): string[] {
  const collation = source?.collation;
  if (!alike || collation === undefined || collation === null || collation.isDefault || collation.isOfType)
    return [];
  const text = collate(collation.name, facts);
  if (text === '')
    omissions.push({
      what: `the collation of column ${source?.name}`,
      reason: `the destination has no ${collation.name}`,
    });
  return text === '' ? [] : [text.trim()];
}

/** Where the column's value comes from when an insert leaves it out. */
function valuePart(
  source: PgColumn,
  column: LaidColumn,
  { facts, sequences, columns, omissions }: TableRequest,
): string[] {
  if (source.identity !== null && source.sequence !== null) {
    const when = source.identity === 'a' ? 'ALWAYS' : 'BY DEFAULT';
    return [`GENERATED ${when} AS IDENTITY (${sequenceOptions(source.sequence)})`];
  }
  if (source.default === null) return [];
  const what =
    source.generated === null
      ? `the default of column ${source.name}`
      : `the generation of column ${source.name}`;
  const needs = missingNeeds(facts, source.needs);
  const unmapped = source.uses.filter((name) => !attachable(columns).has(name));
  if (needs.length > 0) omissions.push(missing(what, needs));
  else if (unmapped.length > 0)
    omissions.push({ what, reason: `${unmapped.join(', ')} are not mapped as they are` });
  if (needs.length > 0 || unmapped.length > 0) return [];
  if (source.generated !== null) {
    const stored = source.generated === 's' || facts.version < virtualColumnsSince;
    return [`GENERATED ALWAYS AS (${source.default}) ${stored ? 'STORED' : 'VIRTUAL'}`];
  }
  const sequence = sequences.find((candidate) => candidate.column === column);
  return [`DEFAULT ${sequence?.default ?? source.default}`];
}

const attaches = (check: PgCheck, columns: readonly LaidColumn[]): boolean => {
  const names = attachable(columns);
  return check.columns.every((name) => names.has(name));
};

function checkRefusal(check: PgCheck, facts: TargetFacts): string | null {
  const needs = missingNeeds(facts, check.needs);
  if (needs.length > 0) return missing('', needs).reason;
  if (check.enforced) return check.validated ? null : 'it is not validated at the source either';
  return facts.version < notEnforcedSince ? 'the destination has no constraints that are not enforced' : null;
}

function commentSteps({ source, target: table, columns, facts }: TableRequest): PreparedStep[] {
  const sql = qualified(table);
  const ofTable = source.comment === null ? [] : [`TABLE ${sql} IS ${quoteLiteral(source.comment)}`];
  const ofColumns = columns.flatMap(({ source: column, target }) =>
    column === null || column.comment === null
      ? []
      : [`COLUMN ${sql}.${quoteIdentifier(target)} IS ${quoteLiteral(column.comment)}`],
  );
  const ofChecks = source.checks
    .filter(
      (check) => check.comment !== null && attaches(check, columns) && checkRefusal(check, facts) === null,
    )
    .map(
      (check) =>
        `CONSTRAINT ${quoteIdentifier(check.name)} ON ${sql} IS ${quoteLiteral(check.comment ?? '')}`,
    );
  return [...ofTable, ...ofColumns, ...ofChecks].map((text) => ({
    what: 'Comment as the source does',
    statement: `COMMENT ON ${text}`,
  }));
}
