import { type PgType, underlying } from '../catalog/pg-type.ts';
import type { CodecName } from './codecs.ts';

/**
 * How a column is hashed at the server so that equal hashes mean equal stored bytes.
 * - `native`: the type's own hash, where `=` is exact and no bit is lost. The server folds eight-byte integers, and times, to four bytes
 *   (1 and 4294967296 hash alike) and leaves out the sign of a numeric: those go by their send form
 * - `bytes`: text by its bytes, whatever the collation's idea of equality
 * - `send`: its binary send form
 * - `text`: its text form
 */
export type HashMethod = 'native' | 'bytes' | `send:${string}` | 'text';

export interface TypeRule {
  /** Our own binary form of it; null: it travels as text, which the server makes. */
  readonly codec: CodecName | null;
  /** The server's binary form means the same at another server. */
  readonly binarySafe: boolean;
  readonly hash: HashMethod;
  /** Its `=` holds exactly for what is stored alike; of text, where its collation is deterministic. */
  readonly exactEquality: boolean;
}

const rule = (codec: CodecName | null, hash: HashMethod, binarySafe = true): TypeRule => ({
  codec,
  binarySafe,
  hash,
  exactEquality: hash === 'native' || hash === 'bytes',
});

/** Types whose equality is exact and whose hash is not. */
const folded = (codec: CodecName | null, hash: HashMethod): TypeRule => ({
  ...rule(codec, hash),
  exactEquality: true,
});

/** By the spelling of format_type() without modifiers. */
const builtInRules: Readonly<Record<string, TypeRule>> = {
  boolean: rule('bool', 'native'),
  smallint: rule('int2', 'native'),
  integer: rule('int4', 'native'),
  bigint: rule('int8', 'native'),
  oid: rule('oid', 'native'),
  real: rule('float4', 'send:float4send'),
  'double precision': rule('float8', 'send:float8send'),
  numeric: rule('numeric', 'send:numeric_send'),
  money: folded(null, 'send:cash_send'),
  text: rule('text', 'bytes'),
  'character varying': rule('text', 'bytes'),
  character: rule('bpchar', 'send:bpcharsend'),
  bpchar: rule('bpchar', 'send:bpcharsend'),
  name: rule('text', 'bytes'),
  '"char"': rule('char', 'native'),
  uuid: rule('uuid', 'native'),
  bytea: rule('bytea', 'native'),
  json: rule('json', 'text'),
  jsonb: rule('jsonb', 'send:jsonb_send'),
  xml: rule(null, 'text'),
  date: rule('date', 'native'),
  'time without time zone': folded('time', 'send:time_send'),
  'time with time zone': folded('timetz', 'send:timetz_send'),
  'timestamp without time zone': folded('timestamp', 'send:timestamp_send'),
  'timestamp with time zone': folded('timestamptz', 'send:timestamptz_send'),
  interval: rule(null, 'send:interval_send'),
  bit: rule(null, 'send:bit_send'),
  'bit varying': rule(null, 'send:varbit_send'),
  inet: rule(null, 'native'),
  cidr: rule(null, 'native'),
  macaddr: rule(null, 'native'),
  macaddr8: rule(null, 'native'),
  point: rule(null, 'send:point_send'),
  lseg: rule(null, 'send:lseg_send'),
  path: rule(null, 'send:path_send'),
  box: rule(null, 'send:box_send'),
  polygon: rule(null, 'send:poly_send'),
  line: rule(null, 'send:line_send'),
  circle: rule(null, 'send:circle_send'),
  tsvector: rule(null, 'send:tsvectorsend'),
  tsquery: rule(null, 'send:tsquerysend'),
  jsonpath: rule(null, 'text'),
  pg_lsn: folded(null, 'send:pg_lsn_send'),
  pg_snapshot: rule(null, 'text'),
  txid_snapshot: rule(null, 'text'),
  xid8: folded(null, 'send:xid8send'),
  xid: rule(null, 'text'),
  cid: rule(null, 'text'),
  tid: rule(null, 'text'),
  int2vector: rule(null, 'text'),
  oidvector: rule(null, 'text'),
  refcursor: rule(null, 'text'),
  int4range: rule(null, 'send:range_send'),
  int8range: rule(null, 'send:range_send'),
  numrange: rule(null, 'send:range_send'),
  daterange: rule(null, 'send:range_send'),
  tsrange: rule(null, 'send:range_send'),
  tstzrange: rule(null, 'send:range_send'),
  int4multirange: rule(null, 'send:multirange_send'),
  int8multirange: rule(null, 'send:multirange_send'),
  nummultirange: rule(null, 'send:multirange_send'),
  datemultirange: rule(null, 'send:multirange_send'),
  tsmultirange: rule(null, 'send:multirange_send'),
  tstzmultirange: rule(null, 'send:multirange_send'),
};

/**
 * Types whose binary form holds numbers that only their own server knows (reg*), or that have none. Their text is
 * names, which mean the same elsewhere.
 */
const textOnly: TypeRule = rule(null, 'text', false);

const enumRule: TypeRule = rule('text', 'text');
const builtInArrayRule: TypeRule = rule(null, 'send:array_send');

export function typeRule(type: PgType): TypeRule {
  const base = underlying(type);
  if (base.element !== null) return arrayRule(base, base.element);
  // The binary form of a lone enum is its label: no OID in it.
  if (base.typtype === 'e') return enumRule;
  return base.builtIn ? (builtInRules[base.name] ?? textOnly) : textOnly;
}

/** array_send writes the OID of the elements' type, which must mean the same at the other server. */
function arrayRule(array: PgType, element: PgType): TypeRule {
  const rule = typeRule(element);
  return array.builtIn && element.builtIn && rule.binarySafe ? builtInArrayRule : textOnly;
}

/** True when there is a rule of its own for this built-in type. */
export const isListed = (name: string): boolean => Object.hasOwn(builtInRules, name);

/** The digest method of a type that is known by its spelling alone: what we can't know the insides of goes by its text. */
export function digestMethodOf(formatType: string): HashMethod {
  const bare = withoutModifier(formatType);
  const element = bare.endsWith('[]') ? builtInRules[bare.replace(/(\[\])+$/, '')] : undefined;
  if (element !== undefined) return element.binarySafe ? 'send:array_send' : 'text';
  return builtInRules[bare]?.hash ?? 'text';
}

/** `timestamp(3) without time zone` → `timestamp without time zone`. Quoted names are left alone. */
export const withoutModifier = (formatType: string): string =>
  formatType.includes('"') && formatType !== '"char"' ? formatType : formatType.replace(/\s*\([-\d,]+\)/, '');
