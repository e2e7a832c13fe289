import type { PreparedStep } from '../../../protocol/writer.ts';
import type { PgUserType } from '../catalog/pg-type.ts';
import { qualified, quoteIdentifier, quoteLiteral } from '../names.ts';
import { missing, type Omission } from './omission.ts';
import type { TableSource } from './table-source.ts';
import { hasNeeds, missingNeeds, rangeNeeds, type TargetFacts } from './target-facts.ts';

export interface TypeSteps {
  /** Labels for enums that exist: each committed before anything uses it, or the server refuses its use. */
  readonly before: readonly PreparedStep[];
  readonly steps: readonly PreparedStep[];
  readonly omissions: readonly Omission[];
}

/** The user types that the table needs and the destination lacks, in the order in which they need each other. */
export function typeSteps(source: TableSource, facts: TargetFacts): TypeSteps {
  const omissions: Omission[] = [];
  const before: PreparedStep[] = [];
  const steps: PreparedStep[] = [];
  for (const type of source.userTypes) {
    const existing = facts.types.find(({ name }) => name === type.name);
    if (existing === undefined) steps.push(...createType(type, facts, omissions));
    else if (type.kind === 'enum') before.push(...labelSteps(type.name, type.labels, existing.labels ?? []));
  }
  return { before, steps: distinct(steps), omissions };
}

/** Labels that an existing enum lacks, each placed as the source has it. */
export function labelSteps(
  name: string,
  labels: readonly string[],
  existing: readonly string[],
): PreparedStep[] {
  return labels.flatMap((label, index) => {
    if (existing.includes(label)) return [];
    const previous = labels[index - 1];
    const next = existing[0];
    const firstPlace = next === undefined ? '' : ` BEFORE ${quoteLiteral(next)}`;
    const place = previous === undefined ? firstPlace : ` AFTER ${quoteLiteral(previous)}`;
    return [
      {
        what: `Add a label to the enum ${name}`,
        statement: `ALTER TYPE ${name} ADD VALUE IF NOT EXISTS ${quoteLiteral(label)}${place}`,
      },
    ];
  });
}

function createType(type: PgUserType, facts: TargetFacts, omissions: Omission[]): PreparedStep[] {
  if (type.extension !== null) return extensionSteps(type.extension, facts);
  const statement = definition(type, facts, omissions);
  if (statement === null) return [];
  const comment = type.comment === null ? [] : [commentOn(type, type.comment)];
  return [{ what: `Create the ${type.kind} type ${type.name}`, statement }, ...comment];
}

const extensionSteps = (
  { name, schema }: { readonly name: string; readonly schema: string },
  facts: TargetFacts,
): PreparedStep[] =>
  facts.extensions.some((extension) => extension.name === name)
    ? []
    : [
        {
          what: `Create the extension ${name}`,
          statement: `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)} WITH SCHEMA ${quoteIdentifier(schema)}`,
        },
      ];

const commentOn = (type: PgUserType, comment: string): PreparedStep => ({
  what: `Comment the type ${type.name}`,
  statement: `COMMENT ON ${type.kind === 'domain' ? 'DOMAIN' : 'TYPE'} ${nameOf(type)} IS ${quoteLiteral(comment)}`,
});

const nameOf = ({ schema, typeName }: PgUserType): string => qualified({ schema, table: typeName });

function definition(type: PgUserType, facts: TargetFacts, omissions: Omission[]): string | null {
  switch (type.kind) {
    case 'enum':
      return `CREATE TYPE ${nameOf(type)} AS ENUM (${type.labels.map(quoteLiteral).join(', ')})`;
    case 'domain':
      return domainDefinition(type, facts, omissions);
    case 'composite':
      return `CREATE TYPE ${nameOf(type)} AS (${type.attributes
        .map(
          ({ name, type: attribute, collation }) =>
            `${quoteIdentifier(name)} ${attribute}${collate(collation, facts)}`,
        )
        .join(', ')})`;
    case 'range':
      return rangeDefinition(type, facts, omissions);
    case 'foreign':
      omissions.push({ what: `the type ${type.name}`, reason: type.reason });
      return null;
  }
}

/** Nothing where the destination lacks the collation: `check` says so. */
export const collate = (collation: string | null, facts: TargetFacts): string =>
  collation !== null && facts.collations.includes(collation) ? ` COLLATE ${collation}` : '';

type Domain = Extract<PgUserType, { kind: 'domain' }>;
type Range = Extract<PgUserType, { kind: 'range' }>;

function domainDefinition(type: Domain, facts: TargetFacts, omissions: Omission[]): string {
  const parts = [`CREATE DOMAIN ${nameOf(type)} AS ${type.baseType}${collate(type.collation, facts)}`];
  if (type.default !== null) {
    if (hasNeeds(facts, type.needs)) parts.push(`DEFAULT ${type.default}`);
    else omissions.push(missing(`the default of the domain ${type.name}`, missingNeeds(facts, type.needs)));
  }
  if (type.notNull) parts.push('NOT NULL');
  for (const check of type.checks) {
    if (hasNeeds(facts, check.needs))
      parts.push(`CONSTRAINT ${quoteIdentifier(check.name)} ${check.definition}`);
    else
      omissions.push(
        missing(`the check ${check.name} of the domain ${type.name}`, missingNeeds(facts, check.needs)),
      );
  }
  return parts.join(' ');
}

function rangeDefinition(type: Range, facts: TargetFacts, omissions: Omission[]): string {
  const { range } = type;
  const options = [`subtype = ${range.subtype}`];
  if (range.operatorClass !== null) options.push(`subtype_opclass = ${range.operatorClass}`);
  if (range.collation !== null && facts.collations.includes(range.collation))
    options.push(`collation = ${range.collation}`);
  if (range.subtypeDiff !== null && hasNeeds(facts, rangeNeeds(type)))
    options.push(`subtype_diff = ${range.subtypeDiff}`);
  const multirange = qualified({ schema: range.multirangeSchema, table: range.multirange });
  options.push(`multirange_type_name = ${multirange}`);
  if (range.canonical !== null) {
    const reason = 'it needs a function written in C for this very type';
    omissions.push({ what: `the canonical function of the range type ${type.name}`, reason });
  }
  return `CREATE TYPE ${nameOf(type)} AS RANGE (${options.join(', ')})`;
}

/** Several types may come with one extension. */
const distinct = (steps: readonly PreparedStep[]): PreparedStep[] => [
  ...new Map(steps.map((step) => [step.statement, step])).values(),
];
