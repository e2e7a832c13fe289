import { quoteIdentifier, quoteLiteral } from '../../../names.ts';
import type { Appearance, Facts } from './appearance.ts';

/** Everything but indexes, which are built once the rows are there. */
export const createLike = (
  target: string,
  staged: string,
  { persistence, tablespace, access }: Facts<'table'>,
): string => `
CREATE ${persistence === 'u' ? 'UNLOGGED ' : ''}TABLE ${staged} (LIKE ${target} INCLUDING COMMENTS INCLUDING COMPRESSION INCLUDING CONSTRAINTS
  INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING IDENTITY INCLUDING STORAGE)
${access === null ? '' : `USING ${quoteIdentifier(access)}`} ${tablespace === null ? '' : `TABLESPACE ${quoteIdentifier(tablespace)}`}`;

export interface Dressing {
  /** Qualified and quoted. */
  readonly staged: string;
  /** Quoted. */
  readonly schema: string;
  /** Of indexes and statistics, unquoted. */
  readonly nameOf: (name: string) => string;
}

/** What makes a table look like another, once it has its rows. */
export function dress(looks: Appearance, dressing: Dressing): readonly string[] {
  return [
    ...indexes(looks, dressing),
    ...statistics(looks, dressing),
    ...columns(looks, dressing),
    ...settings(looks.table, dressing),
    ...policies(looks, dressing),
  ];
}

const comment = (what: string, text: string | null): readonly string[] =>
  text === null ? [] : [`COMMENT ON ${what} IS ${quoteLiteral(text)}`];

function indexes(looks: Appearance, { staged, schema, nameOf }: Dressing): readonly string[] {
  return looks.all('index').flatMap(({ name, fact }) => {
    const own = quoteIdentifier(nameOf(name));
    const place = fact.tablespace === null ? '' : ` TABLESPACE ${quoteIdentifier(fact.tablespace)}`;
    const made =
      fact.constraint === null
        ? `CREATE ${fact.unique ? 'UNIQUE ' : ''}INDEX ${own} ON ${staged}${withPlace(fact.definition, place)}`
        : `ALTER TABLE ${staged} ADD CONSTRAINT ${own} ${withPlace(fact.constraint, place === '' ? '' : ` USING INDEX${place}`)}`;
    return [
      made,
      ...(fact.clustered ? [`ALTER TABLE ${staged} CLUSTER ON ${own}`] : []),
      ...(fact.replicaIdentity ? [`ALTER TABLE ${staged} REPLICA IDENTITY USING INDEX ${own}`] : []),
      ...comment(`INDEX ${schema}.${own}`, fact.comment),
      ...comment(`CONSTRAINT ${own} ON ${staged}`, fact.constraint === null ? null : fact.constraintComment),
    ];
  });
}

/** A tablespace stands before the predicate. Of those that have both the comparison tells that it was not brought along. */
const withPlace = (definition: string, place: string): string =>
  place === '' || / WHERE | DEFERRABLE/.test(definition) ? definition : `${definition}${place}`;

const kindNames: Readonly<Record<string, string | undefined>> = {
  d: 'ndistinct',
  f: 'dependencies',
  m: 'mcv',
};

function statistics(looks: Appearance, { staged, schema, nameOf }: Dressing): readonly string[] {
  return looks.all('statistics').flatMap(({ name, fact }) => {
    const own = `${schema}.${quoteIdentifier(nameOf(name))}`;
    const named = fact.kinds.flatMap((kind) => kindNames[kind] ?? []);
    const chosen = named.length === 0 ? '' : ` (${named.join(', ')})`;
    return [
      `CREATE STATISTICS ${own}${chosen} ON ${fact.columns} FROM ${staged}`,
      ...(fact.target === -1 ? [] : [`ALTER STATISTICS ${own} SET STATISTICS ${fact.target}`]),
      `ALTER STATISTICS ${own} OWNER TO ${fact.owner}`,
      ...comment(`STATISTICS ${own}`, fact.comment),
    ];
  });
}

/** As the catalogue has them: `name=value`. */
const settingsOf = (options: readonly string[] | null, prefix = ''): readonly string[] =>
  (options ?? []).map((option) => {
    const at = option.indexOf('=');
    return `${prefix}${option.slice(0, at)} = ${quoteLiteral(option.slice(at + 1))}`;
  });

function columns(looks: Appearance, { staged }: Dressing): readonly string[] {
  return looks.all('column').flatMap(({ name, fact }) => {
    const alter = `ALTER TABLE ${staged} ALTER COLUMN ${quoteIdentifier(name)}`;
    const set = settingsOf(fact.options);
    return [
      ...(fact.statistics === -1 ? [] : [`${alter} SET STATISTICS ${fact.statistics}`]),
      ...(set.length === 0 ? [] : [`${alter} SET (${set.join(', ')})`]),
      ...grants(fact.grants, staged, quoteIdentifier(name)),
    ];
  });
}

/** `role privilege[ WITH GRANT OPTION], …`, roles quoted where they need it. */
function grants(listed: string | null, staged: string, column: string | null): readonly string[] {
  if (listed === null) return [];
  return listed.split(', ').map((each) => {
    const [, role = '', right = '', option = ''] =
      /^("(?:[^"]|"")*"|\S+) ([A-Z ]+?)( WITH GRANT OPTION)?$/.exec(each) ?? [];
    const what = column === null ? right : `${right} (${column})`;
    return `GRANT ${what} ON TABLE ${staged} TO ${role}${option}`;
  });
}

function settings(table: Facts<'table'>, { staged }: Dressing): readonly string[] {
  const set = [...settingsOf(table.options), ...settingsOf(table.toast, 'toast.')];
  const identity = { f: 'FULL', n: 'NOTHING' }[table.replicaIdentity];
  return [
    ...(set.length === 0 ? [] : [`ALTER TABLE ${staged} SET (${set.join(', ')})`]),
    ...(identity === undefined ? [] : [`ALTER TABLE ${staged} REPLICA IDENTITY ${identity}`]),
    `ALTER TABLE ${staged} OWNER TO ${table.owner}`,
    ...grants(table.grants, staged, null),
    ...(table.rowSecurity ? [`ALTER TABLE ${staged} ENABLE ROW LEVEL SECURITY`] : []),
    ...(table.forced ? [`ALTER TABLE ${staged} FORCE ROW LEVEL SECURITY`] : []),
    ...comment(`TABLE ${staged}`, table.comment),
  ];
}

const commands: Readonly<Record<string, string | undefined>> = {
  '*': 'ALL',
  r: 'SELECT',
  a: 'INSERT',
  w: 'UPDATE',
  d: 'DELETE',
};

function policies(looks: Appearance, { staged }: Dressing): readonly string[] {
  return looks.all('policy').flatMap(({ name, fact }) => {
    const own = `${quoteIdentifier(name)} ON ${staged}`;
    const parts = [
      `CREATE POLICY ${own} AS ${fact.permissive ? 'PERMISSIVE' : 'RESTRICTIVE'} FOR ${commands[fact.command] ?? 'ALL'} TO ${fact.roles}`,
      ...(fact.using === null ? [] : [`USING (${fact.using})`]),
      ...(fact.check === null ? [] : [`WITH CHECK (${fact.check})`]),
    ];
    return [parts.join(' '), ...comment(`POLICY ${own}`, fact.comment)];
  });
}

/** LIKE makes all sequences of identity columns bigint. */
export const alignSequences = (looks: Appearance, made: Appearance, schema: string): readonly string[] =>
  looks.all('sequence').flatMap(({ fact }) => {
    const own = made.all('sequence').find((each) => each.fact.column === fact.column);
    if (own === undefined) return [];
    const { type, least, most } = fact;
    return [
      `ALTER SEQUENCE ${schema}.${quoteIdentifier(own.name)} AS ${type} MINVALUE ${least} MAXVALUE ${most}`,
    ];
  });

/** What default rights gave to a table of our schema. $1 oid */
export const strangersOf = `
SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS role
FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a WHERE c.oid = $1`;
