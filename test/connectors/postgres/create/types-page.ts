import { baseValues, unenterable } from '../../../support/every-type.ts';

/** docs/reference/postgres-types.md, made from what the tests cover. */
export function typesPage(): string {
  const covered = Object.keys(baseValues).toSorted();
  const excluded = Object.entries(unenterable).toSorted();
  return `# PostgreSQL types

Every type that a column may have arrives equal, in the sense of its stored binary form: \`1.0\` and \`1.00\` differ, and so do
\`-0\` and \`0\`. A test enumerates \`pg_type\` on PostgreSQL 17 and 18, so a type that a new version brings is missed here by a failing test.

## Base types

Each with extreme values, in arrays with nulls, several dimensions and other lower bounds:

${covered.map((name) => `\`${name}\``).join(', ')}.

\`regclass\` and its like travel by name, so what they name must exist at the destination.

## Types made of others

Enums, composites (also nested), domains over every kind (over domains, arrays, composites and ranges too), ranges and
multiranges, built in or your own, and arrays of all these. Generated columns (stored, virtual), identity and serial columns are made as such;
PostgreSQL 17 has no virtual columns, so there they are stored. Missing types are created at the destination where the target is; types of an extension come
with \`CREATE EXTENSION\`.

## Not covered

A column may have these types, but nothing can be entered into it:

| type | reason |
|---|---|
${excluded.map(([name, reason]) => `| \`${name}\` | ${reason} |`).join('\n')}

A base type of your own, made by C code, must be installed at the destination first. It then travels as text.
`;
}
