import { unmodified } from './to-postgres.ts';

/** What columns of PostgreSQL become, unless the configuration says otherwise (`as`). What is not here travels as PostgreSQL's text. */
const byType: Readonly<Record<string, string | null>> = {
  smallint: 'int',
  integer: 'int',
  bigint: 'long',
  oid: 'long',
  real: 'double',
  'double precision': 'double',
  numeric: 'decimal',
  boolean: 'bool',
  uuid: 'uuid',
  bytea: 'binData',
  'timestamp without time zone': 'date',
  'timestamp with time zone': 'date',
  // Whatever JSON it holds.
  json: null,
  jsonb: null,
};

/** The field type of a column; null: the value's own. */
export function fieldTypeOf(type: string): string | null {
  const known = byType[unmodified(type)];
  return known === undefined ? 'string' : known;
}

/** What is lost of values of the column in a field of this type; null: nothing. */
export function lossOf(type: string, fieldType: string | null): string | null {
  const plain = unmodified(type);
  if (fieldType === 'date' && plain.startsWith('timestamp')) {
    const digits = /\((\d)\)/.exec(type)?.[1];
    const parts = [
      ...(digits === undefined || Number(digits) > 3 ? ['microseconds'] : []),
      ...(plain === 'timestamp without time zone' ? ['that it has no time zone (it is taken as UTC)'] : []),
    ];
    return parts.length === 0 ? null : parts.join(', and ');
  }
  return null;
}

export const postgresTypes: readonly string[] = Object.keys(byType);
