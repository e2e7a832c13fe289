import type {
  PgAttribute,
  PgDomainCheck,
  PgExtension,
  PgNeed,
  PgRange,
  PgType,
  PgUserType,
  PgUserTypeDefinition,
} from './pg-type.ts';

/** A row of types.sql.ts. */
export interface TypeItem {
  readonly oid: number;
  readonly name: string;
  readonly schema: string;
  readonly typeName: string;
  readonly typtype: string;
  readonly notNull: boolean;
  readonly default: string | null;
  readonly needs: readonly PgNeed[];
  readonly elementOid: number | null;
  readonly baseOid: number | null;
  readonly baseType: string | null;
  readonly baseTypmod: number;
  readonly collation: string | null;
  readonly collationDeterministic: boolean;
  readonly ownCollation: boolean | null;
  readonly comment: string | null;
  readonly extension: PgExtension | null;
  readonly labels: readonly string[] | null;
  readonly checks: readonly PgDomainCheck[] | null;
  readonly relkind: string | null;
  readonly attributes: readonly (PgAttribute & { readonly typeOid: number })[] | null;
  readonly range: (PgRange & { readonly subtypeOid: number }) | null;
  readonly rangeOid: number | null;
}

/**
 * Below this the OIDs are written down in the server's source; from here on initdb or users count them up, so the
 * row types of catalogue tables and the domains of information_schema are not the same on every server.
 */
const firstCountedOid = 10_000;

export class TypeGraph {
  readonly #items: ReadonlyMap<number, TypeItem>;

  constructor(items: readonly TypeItem[]) {
    this.#items = new Map(items.map((item) => [item.oid, item]));
  }

  type(oid: number): PgType {
    const item = this.#item(oid);
    const element = item.elementOid === null ? null : this.type(item.elementOid);
    return {
      oid,
      name: item.name,
      typtype: item.typtype,
      element,
      base: item.baseOid === null ? null : this.type(item.baseOid),
      builtIn: oid < firstCountedOid && (element?.builtIn ?? true),
      collation: item.collation,
      collationDeterministic: item.collationDeterministic,
    };
  }

  /** All types that are not built in, each after those it needs. Arrays and multiranges come with their own kind. */
  userTypes(): PgUserType[] {
    const done = new Set<number>();
    const ordered: PgUserType[] = [];
    const visit = (oid: number): void => {
      if (done.has(oid)) return;
      done.add(oid);
      const item = this.#item(oid);
      for (const needed of neededBy(item)) visit(needed);
      const definition = oid < firstCountedOid ? null : definitionOf(item);
      if (definition !== null) ordered.push({ ...commonOf(item), ...definition });
    };
    for (const oid of this.#items.keys()) visit(oid);
    return ordered;
  }

  #item(oid: number): TypeItem {
    const item = this.#items.get(oid);
    if (item === undefined) throw new Error(`the catalogue did not give the type ${oid}`);
    return item;
  }
}

function neededBy(item: TypeItem): number[] {
  return [
    item.elementOid,
    item.baseOid,
    item.rangeOid,
    item.range?.subtypeOid,
    ...(item.attributes ?? []).map(({ typeOid }) => typeOid),
  ].filter((oid) => oid !== null && oid !== undefined);
}

const commonOf = ({ name, schema, typeName, comment, extension }: TypeItem) => ({
  name,
  schema,
  typeName,
  comment,
  extension,
});

function definitionOf(item: TypeItem): PgUserTypeDefinition | null {
  switch (item.typtype) {
    case 'e':
      return { kind: 'enum', labels: item.labels ?? [] };
    case 'd':
      return {
        kind: 'domain',
        baseType: item.baseType ?? '',
        baseTypmod: item.baseTypmod,
        default: item.default,
        needs: item.needs,
        notNull: item.notNull,
        collation: item.ownCollation === true ? item.collation : null,
        checks: item.checks ?? [],
      };
    case 'c':
      return item.relkind === 'c'
        ? {
            kind: 'composite',
            attributes: (item.attributes ?? []).map(({ name, type, collation }) => ({
              name,
              type,
              collation,
            })),
          }
        : { kind: 'foreign', reason: 'it is the row type of a table' };
    case 'r':
      return item.range === null ? null : { kind: 'range', range: withoutOid(item.range) };
    case 'm':
      return null;
    default:
      return item.elementOid === null
        ? { kind: 'foreign', reason: 'it is a base type, made by code of the server' }
        : null;
  }
}

function withoutOid({ subtypeOid: _, ...range }: PgRange & { readonly subtypeOid: number }): PgRange {
  return range;
}
