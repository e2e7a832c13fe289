import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PreparedStep } from '../../../protocol/writer.ts';
import { wholeKeys } from '../catalog/key-choice.ts';
import type { PgConstraint, PgIndex, PgTable } from '../catalog/pg-table.ts';
import { qualified, quoteIdentifier, quoteLiteral, type TableName } from '../names.ts';
import { type LaidColumn, layOutColumns, renameStatements } from './column-layout.ts';
import { attachable, type CreateRequest } from './create-table.ts';
import { freeName, nameCandidates, ownKeyName } from './free-names.ts';
import { missing, type Omission } from './omission.ts';
import type { TableSource } from './table-source.ts';
import { missingNeeds, type TargetFacts } from './target-facts.ts';

export interface KeyRequest extends CreateRequest {
  /** As it is now; null in a preview, when it does not exist yet. */
  readonly existing: PgTable | null;
  /** `key`: only what makes the plan's key unique, for whoever has to merge. */
  readonly which: 'key' | 'all';
}

export interface KeySteps {
  /** Each in a transaction of its own: an index that is there is not made again after a crash. */
  readonly steps: readonly PreparedStep[];
  readonly omissions: readonly Omission[];
}

/** PERIOD and WITHOUT OVERLAPS, which pg_get_constraintdef() spells out. */
const temporalSince = 180_000;

/** Primary key, unique and exclusion constraints and indexes, over the rows, with the source's names where these are free. */
export function keyStatements(request: KeyRequest): KeySteps {
  const { source, plan, target, facts, existing, which } = request;
  const columns = layOutColumns(source, plan);
  const names = attachable(columns);
  const omissions: Omission[] = [];
  const taken = new Set(
    facts.relations.filter(({ schema }) => schema === target.schema).map(({ name }) => name),
  );
  const keys = keyIndexes(source, plan, columns);
  const wanted = which === 'all' ? source.indexes : source.indexes.filter(({ name }) => keys.has(name));
  const steps: PreparedStep[] = [];
  for (const index of wanted) {
    if (existing !== null && isThere(index, existing, columns)) continue;
    const refusal = refusalOf(index, names, facts);
    if (refusal !== null) {
      omissions.push({ what: `the index ${index.name}`, reason: refusal });
      continue;
    }
    const name = freeName(index.name, (candidate) => taken.has(candidate));
    taken.add(name);
    steps.push(...indexSteps({ index, name, target, columns }));
  }
  if (plan.key.length > 0 && keys.size === 0) steps.push(...ownKeySteps(request));
  return { steps, omissions };
}

/** Names of the source's indexes that make exactly the plan's key unique. */
function keyIndexes(
  source: TableSource,
  plan: CollectionPlan,
  columns: readonly LaidColumn[],
): ReadonlySet<string> {
  const keys = wholeKeys(source).filter((key) =>
    sameSet(
      key.columns.map((name) => targetOf(name, columns)),
      plan.key,
    ),
  );
  return new Set(keys.map(({ name }) => name));
}

const targetOf = (name: string, columns: readonly LaidColumn[]): string | undefined =>
  columns.find(({ source, alike }) => alike && source?.name === name)?.target;

const sameSet = (left: readonly (string | undefined)[], right: readonly string[]): boolean =>
  left.length === right.length && right.every((name) => left.includes(name));

/** Made by an earlier attempt, under its name or one of the substitutes. */
function isThere(index: PgIndex, existing: PgTable, columns: readonly LaidColumn[]): boolean {
  const names = nameCandidates(index.name);
  const targets = index.columns.flatMap((name) => targetOf(name, columns) ?? []);
  return existing.indexes.some(
    (candidate) =>
      names.includes(candidate.name) &&
      candidate.constraint?.type === index.constraint?.type &&
      sameSet(candidate.columns, targets),
  );
}

function refusalOf(index: PgIndex, names: ReadonlySet<string>, facts: TargetFacts): string | null {
  const unmapped = index.columns.filter((name) => !names.has(name));
  if (unmapped.length > 0) return `${unmapped.join(', ')} are not mapped as they are`;
  const needs = missingNeeds(facts, index.needs);
  if (needs.length > 0) return missing('', needs).reason;
  const temporal = / WITHOUT OVERLAPS\)/.test(index.constraint?.definition ?? '');
  if (temporal && facts.version < temporalSince) return 'the destination has no WITHOUT OVERLAPS';
  return null;
}

interface IndexRequest {
  readonly index: PgIndex;
  readonly name: string;
  readonly target: TableName;
  readonly columns: readonly LaidColumn[];
}

function indexSteps({ index, name, target, columns }: IndexRequest): PreparedStep[] {
  const table = qualified(target);
  const mentioned = columns.filter(({ interim }) => index.columns.includes(interim));
  const isRenamed = mentioned.some((column) => column.interim !== column.target);
  const make = makeStatement(index, name, table);
  const statements = isRenamed
    ? [...renameStatements(table, columns, 'back'), make, ...renameStatements(table, columns, 'forth')]
    : [make];
  statements.push(...commentsOf(index, name, target));
  return [{ what: `Create ${kindOf(index.constraint)} ${name}`, statement: statements.join(';\n') }];
}

function makeStatement({ constraint, unique, tail }: PgIndex, name: string, table: string): string {
  if (constraint !== null)
    return `ALTER TABLE ${table} ADD CONSTRAINT ${quoteIdentifier(name)} ${constraint.definition}`;
  return `CREATE ${unique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(name)} ON ${table} ${tail}`;
}

function kindOf(constraint: PgConstraint | null): string {
  switch (constraint?.type) {
    case undefined:
      return 'the index';
    case 'p':
      return 'the primary key';
    case 'u':
      return 'the unique constraint';
    default:
      return 'the exclusion constraint';
  }
}

function commentsOf({ comment, constraint }: PgIndex, name: string, target: TableName): string[] {
  const index = qualified({ schema: target.schema, table: name });
  const ofIndex = comment === null ? [] : [`COMMENT ON INDEX ${index} IS ${quoteLiteral(comment)}`];
  const text = constraint?.comment;
  const ofConstraint =
    text === undefined || text === null
      ? []
      : [`COMMENT ON CONSTRAINT ${quoteIdentifier(name)} ON ${qualified(target)} IS ${quoteLiteral(text)}`];
  return [...ofIndex, ...ofConstraint];
}

/** A key that the source has no index for (a view, a configured key): without one nothing can be written by key. */
function ownKeySteps({ plan, target, facts, existing, source }: KeyRequest): PreparedStep[] {
  if (existing !== null && wholeKeys(existing).some(({ columns }) => sameSet(columns, plan.key))) return [];
  const taken = (name: string) =>
    facts.relations.some((relation) => relation.schema === target.schema && relation.name === name);
  const list = plan.key.map(quoteIdentifier).join(', ');
  const name = freeName(ownKeyName(target), taken);
  const statement =
    source.primaryKey === null
      ? `ALTER TABLE ${qualified(target)} ADD CONSTRAINT ${quoteIdentifier(name)} PRIMARY KEY (${list})`
      : `CREATE UNIQUE INDEX ${quoteIdentifier(name)} ON ${qualified(target)} (${list})`;
  return [{ what: `Create the key ${name}`, statement }];
}
