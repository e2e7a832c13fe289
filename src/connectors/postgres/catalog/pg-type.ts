/** A type as the catalogue of one server has it. JSON-able. */
export interface PgType {
  readonly oid: number;
  /** As format_type() spells it without modifiers, with its schema when that is not pg_catalog. */
  readonly name: string;
  /** pg_type.typtype: b base, e enum, c composite, d domain, r range, m multirange, p pseudo. */
  readonly typtype: string;
  /** The type of an array's elements. Null for everything that is no array (point and int2vector too). */
  readonly element: PgType | null;
  /** The type under a domain. */
  readonly base: PgType | null;
  /** The OIDs of this type and of its elements are the same on every server. */
  readonly builtIn: boolean;
  /** Of the column, where this is a column's type. */
  readonly collationDeterministic: boolean;
  /** Qualified and quoted: `pg_catalog."C"`, of the column where this is a column's type; null when there is none. */
  readonly collation: string | null;
}

/** A type that a server does not have from the start, as it would have to be made elsewhere. */
export type PgUserType = PgUserTypeCommon & PgUserTypeDefinition;

interface PgUserTypeCommon {
  /** As PgType.name. */
  readonly name: string;
  readonly schema: string;
  readonly typeName: string;
  readonly comment: string | null;
  /** The extension that brings it; then the definition does not matter. */
  readonly extension: PgExtension | null;
}

export interface PgExtension {
  readonly name: string;
  readonly schema: string;
}

export type PgUserTypeDefinition =
  | { readonly kind: 'enum'; readonly labels: readonly string[] }
  | {
      readonly kind: 'domain';
      /** With modifiers. */
      readonly baseType: string;
      readonly baseTypmod: number;
      readonly default: string | null;
      /** What the default calls. */
      readonly needs: readonly PgNeed[];
      readonly notNull: boolean;
      readonly collation: string | null;
      readonly checks: readonly PgDomainCheck[];
    }
  | { readonly kind: 'composite'; readonly attributes: readonly PgAttribute[] }
  | { readonly kind: 'range'; readonly range: PgRange }
  /** Made by C code or as the row of a table: can't be made from the catalogue. */
  | { readonly kind: 'foreign'; readonly reason: string };

export type PgEnum = Extract<PgUserType, { kind: 'enum' }>;

export interface PgDomainCheck {
  readonly name: string;
  /** `CHECK ((VALUE > 0))` */
  readonly definition: string;
  readonly needs: readonly PgNeed[];
}

/** What an expression calls: as regprocedure or regoperator spells it; an operator class as `gin public.gin_trgm_ops`. */
export interface PgNeed {
  readonly kind: 'function' | 'operator' | 'operator class';
  readonly signature: string;
}

export interface PgAttribute {
  readonly name: string;
  readonly type: string;
  readonly collation: string | null;
}

export interface PgRange {
  readonly subtype: string;
  /** Qualified and quoted; null: the default one. */
  readonly operatorClass: string | null;
  readonly collation: string | null;
  /** Qualified and quoted function names. */
  readonly canonical: string | null;
  readonly subtypeDiff: string | null;
  readonly multirangeSchema: string;
  readonly multirange: string;
}

/** The type that a domain stands for in the end. */
export function underlying(type: PgType): PgType {
  return type.base === null ? type : underlying(type.base);
}

/** The enum that a column's values are of, also as elements of an array; null: it is of another kind. */
export function enumOf(
  { type }: { readonly type: PgType },
  { userTypes }: { readonly userTypes: readonly PgUserType[] },
): PgEnum | null {
  const whole = underlying(type);
  const { name } = underlying(whole.element ?? whole);
  const found = userTypes.find((candidate) => candidate.name === name);
  return found?.kind === 'enum' ? found : null;
}

/** These two names mean one character or bit when they stand without a length, in arrays too: the rest would be cut off. */
const lengthless: Readonly<Record<string, string>> = {
  character: 'pg_catalog.bpchar',
  bit: 'pg_catalog."bit"',
};

/** A type's name for a cast that takes a value of any length. */
export function unmodifiedName(name: string): string {
  const [element = '', brackets = ''] = name.split(/(?=\[\])/, 2);
  return `${lengthless[element] ?? element}${brackets}`;
}
