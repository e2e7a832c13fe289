import type { PgColumn } from '../catalog/pg-table.ts';
import type { PgExtension, PgNeed, PgUserType } from '../catalog/pg-type.ts';
import { readItems } from '../catalog/read-items.ts';
import type { TableName } from '../names.ts';
import type { Session } from '../session/session.ts';
import { nameCandidates, ownKeyName } from './free-names.ts';
import type { TableSource } from './table-source.ts';
import { targetFactsQuery } from './target-facts.sql.ts';

/** What is there already at the destination, of all that a new table needs. */
export interface TargetFacts {
  readonly version: number;
  readonly tableExists: boolean;
  readonly schemas: readonly string[];
  readonly types: readonly ExistingType[];
  readonly collations: readonly string[];
  /** `function lower(text)` */
  readonly needs: readonly string[];
  readonly extensions: readonly PgExtension[];
  readonly availableExtensions: readonly AvailableExtension[];
  readonly isSuperuser: boolean;
  /** Names that relations have already. */
  readonly relations: readonly { readonly schema: string; readonly name: string }[];
}

export interface AvailableExtension {
  readonly name: string;
  /** Only a superuser may create it, unless it is trusted: then whoever may create in the database. */
  readonly superuser: boolean;
  readonly trusted: boolean;
}

export interface ExistingType {
  readonly name: string;
  readonly typtype: string;
  readonly labels: readonly string[] | null;
}

export interface FactsRequest {
  readonly source: TableSource;
  readonly target: TableName;
  readonly signal?: AbortSignal | undefined;
}

export async function readTargetFacts(
  session: Session,
  { source, target, signal }: FactsRequest,
): Promise<TargetFacts> {
  const needs = neededBy(source);
  const ofKind = (kind: PgNeed['kind']) =>
    needs.filter((need) => need.kind === kind).map((need) => need.signature);
  const sequences = source.columns.flatMap(({ sequence }) => (sequence === null ? [] : [sequence]));
  const values = [
    target.schema,
    target.table,
    [target.schema, ...source.userTypes.flatMap(schemasOf), ...sequences.map(({ schema }) => schema)],
    source.userTypes.map(({ name }) => name),
    collationsOf(source),
    ofKind('function'),
    ofKind('operator'),
    ofKind('operator class'),
    source.userTypes.flatMap(({ extension }) => (extension === null ? [] : [extension.name])),
    [ownKeyName(target), ...[...source.indexes, ...sequences].map(({ name }) => name)].flatMap(
      nameCandidates,
    ),
  ];
  const [facts] = await readItems<TargetFacts>(session, { sql: targetFactsQuery, values, signal });
  if (facts === undefined) throw new Error('the destination says nothing about itself');
  return facts;
}

export const hasNeeds = (facts: TargetFacts, needs: readonly PgNeed[]): boolean =>
  missingNeeds(facts, needs).length === 0;

/** In words: `function app.slug(text)`. */
export const missingNeeds = (facts: TargetFacts, needs: readonly PgNeed[]): string[] =>
  needs.map(({ kind, signature }) => `${kind} ${signature}`).filter((need) => !facts.needs.includes(need));

const schemasOf = ({ schema, extension }: PgUserType): string[] => [
  schema,
  ...(extension === null ? [] : [extension.schema]),
];

/** The functions of a range type, by the signature that CREATE TYPE will look for. */
export function rangeNeeds(type: PgUserType): PgNeed[] {
  if (type.kind !== 'range' || type.range.subtypeDiff === null) return [];
  const { subtypeDiff, subtype } = type.range;
  return [
    { kind: 'function', signature: `${subtypeDiff.replace(/^pg_catalog\./, '')}(${subtype},${subtype})` },
  ];
}

function neededBy(source: TableSource): readonly PgNeed[] {
  const ofTypes = source.userTypes.flatMap((type) =>
    type.kind === 'domain'
      ? [...type.needs, ...type.checks.flatMap((check) => check.needs)]
      : rangeNeeds(type),
  );
  const ofTable = [...source.columns, ...source.checks, ...source.indexes].flatMap(({ needs }) => needs);
  return [...ofTypes, ...ofTable];
}

function collationsOf(source: TableSource): string[] {
  const ofColumns = source.columns.map(({ collation }: PgColumn) => collation?.name);
  const ofTypes = source.userTypes.flatMap(collationsOfType);
  return [...new Set([...ofColumns, ...ofTypes].filter((name) => name !== undefined && name !== null))];
}

function collationsOfType(type: PgUserType): readonly (string | null)[] {
  switch (type.kind) {
    case 'domain':
      return [type.collation];
    case 'range':
      return [type.range.collation];
    case 'composite':
      return type.attributes.map(({ collation }) => collation);
    case 'enum':
    case 'foreign':
      return [];
  }
}
