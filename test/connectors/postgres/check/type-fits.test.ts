import { expect, test } from 'vitest';
import type { PgType, PgUserType } from '../../../../src/connectors/postgres/catalog/pg-type.ts';
import { type TypedColumn, typeFits } from '../../../../src/connectors/postgres/check/type-fits.ts';

const modifiers: Readonly<Record<string, (...numbers: number[]) => number>> = {
  'character varying': (length = 0) => length + 4,
  character: (length = 0) => length + 4,
  numeric: (precision = 0, scale = 0) => ((precision << 16) | (scale & 0x7ff)) + 4,
};

const enumType = (name: string, labels: readonly string[]): PgUserType => ({
  ...user(name),
  kind: 'enum',
  labels,
});

const user = (name: string) => ({ name, schema: 'public', typeName: name, comment: null, extension: null });

const userTypes: readonly PgUserType[] = [
  enumType('public.mood', ['a', 'b']),
  enumType('public.more', ['b', 'c', 'a']),
  {
    ...user('public.pair'),
    kind: 'composite',
    attributes: [{ name: 'x', type: 'integer', collation: null }],
  },
  {
    ...user('public.twin'),
    kind: 'composite',
    attributes: [{ name: 'x', type: 'integer', collation: null }],
  },
  {
    ...user('public.other'),
    kind: 'composite',
    attributes: [{ name: 'y', type: 'integer', collation: null }],
  },
  domain('public.amount', 'numeric(10,2)', (10 << 16) + 2 + 4),
  domain('public.amounts', 'public.amount', -1),
  range('public.floats', 'double precision'),
  range('public.reals', 'double precision'),
  range('public.texts', 'text'),
];

function domain(name: string, baseType: string, baseTypmod: number): PgUserType {
  return {
    ...user(name),
    kind: 'domain',
    baseType,
    baseTypmod,
    default: null,
    needs: [],
    notNull: false,
    collation: null,
    checks: [],
  };
}

function range(name: string, subtype: string): PgUserType {
  const none = { operatorClass: null, collation: null, canonical: null, subtypeDiff: null };
  return {
    ...user(name),
    kind: 'range',
    range: { subtype, ...none, multirangeSchema: 'public', multirange: `${name}_m` },
  };
}

/** `numeric(12,2)`, `integer[]`, `public.amount`. */
function typed(spelling: string): TypedColumn {
  const match = /^([^([]+?)(?:\(([\d,-]+)\))?((?:\[\])?)$/.exec(spelling);
  const [, name = spelling, numbers, array] = match ?? [];
  const given = numbers?.split(',').map(Number);
  const typmod = given === undefined ? -1 : (modifiers[name]?.(...given) ?? given[0] ?? -1);
  const type = pgType(name);
  return { type: array === '[]' ? { ...type, name: `${name}[]`, element: type } : type, typmod, userTypes };
}

function pgType(name: string): PgType {
  const definition = userTypes.find((candidate) => candidate.name === name);
  const base = definition?.kind === 'domain' ? pgType(definition.baseType.replace(/\(.*/, '')) : null;
  return {
    oid: 1,
    name,
    typtype: 'b',
    element: null,
    base,
    builtIn: definition === undefined,
    collation: null,
    collationDeterministic: true,
  };
}

const fitting = [
  'smallint → integer: cast',
  'smallint → bigint: cast',
  'integer → bigint: cast',
  'smallint → numeric: cast',
  'integer → numeric: cast',
  'bigint → numeric: cast',
  'bigint → numeric(19,0): cast',
  'bigint → numeric(21,2): cast',
  'smallint → numeric(5,0): cast',
  'integer → double precision: cast',
  'smallint → real: cast',
  'real → double precision: cast',
  'oid → bigint: cast',
  'integer → integer',
  'uuid → uuid',
  'jsonb → jsonb',
  'json → json',
  'money → money',
  'xml → xml',
  'point → point',
  'inet → inet',
  'cidr → inet: cast',
  'numeric(12,2) → numeric',
  'numeric(12,2) → numeric(14,2)',
  'numeric(12,2) → numeric(14,4): cast',
  'numeric(3,-2) → numeric(6,-2)',
  'numeric → numeric',
  'character varying(10) → character varying(10)',
  'character varying(10) → character varying(20)',
  'character varying(10) → text',
  'character varying → text',
  'text → character varying',
  'text → text',
  'character(3) → character(3)',
  'character(3) → character(5): cast',
  'character(3) → text: cast',
  'character(3) → character varying(3): cast',
  'name → text: cast',
  'date → timestamp without time zone: cast',
  'date → date',
  'timestamp without time zone(3) → timestamp without time zone(6)',
  'timestamp without time zone(3) → timestamp without time zone',
  'timestamp with time zone(0) → timestamp with time zone(3)',
  'time without time zone(2) → time without time zone',
  'interval → interval',
  'interval(3) → interval',
  'bit(8) → bit(8)',
  'bit(8) → bit varying(8): cast',
  'bit varying(8) → bit varying(9)',
  'bit varying(8) → bit varying',
  'integer[] → integer[]',
  'integer[] → bigint[]: cast',
  'character varying(5)[] → text[]',
  'public.mood → public.mood',
  'public.mood → public.more: cast',
  'public.mood → text: cast',
  'public.mood → character varying: cast',
  'public.mood[] → public.more[]: cast',
  'public.pair → public.pair',
  'public.pair → public.twin: cast',
  'public.floats → public.reals: cast',
  'public.amount → numeric',
  'public.amount → numeric(10,2)',
  'public.amounts → numeric(12,2)',
  'numeric(10,2) → public.amount',
  'numeric(9,2) → public.amounts',
];

const refusedPairs = [
  'integer → smallint',
  'bigint → integer',
  'bigint → double precision',
  'integer → real',
  'numeric → double precision',
  'numeric → bigint',
  'double precision → real',
  'double precision → numeric',
  'integer → text',
  'text → integer',
  'bigint → numeric(18,0)',
  'integer → numeric(10,2)',
  'numeric → numeric(12,2)',
  'numeric(12,2) → numeric(12,3)',
  'numeric(12,2) → numeric(12,1)',
  'numeric(12,2) → numeric(11,2)',
  'character varying(10) → character varying(9)',
  'character varying → character varying(9)',
  'text → character varying(9)',
  'text → character(9)',
  'text → name',
  'character(5) → character(3)',
  'character(5) → character varying(4)',
  'character varying(3) → character(3)',
  'json → jsonb',
  'jsonb → json',
  'json → text',
  'uuid → text',
  'text → uuid',
  'inet → cidr',
  'money → numeric',
  'boolean → integer',
  'timestamp without time zone → timestamp without time zone(3)',
  'timestamp without time zone → timestamp with time zone',
  'timestamp with time zone → timestamp without time zone',
  'date → timestamp with time zone',
  'timestamp without time zone → date',
  'time without time zone → interval',
  'time with time zone → time without time zone',
  'interval → interval(3)',
  'bit(8) → bit(9)',
  'bit(8) → bit varying(7)',
  'bit varying → bit varying(8)',
  'bit varying(8) → bit(8)',
  'integer[] → integer',
  'integer → integer[]',
  'bigint[] → integer[]',
  'public.more → public.mood',
  'text → public.mood',
  'public.mood → character varying(1)',
  'public.pair → public.other',
  'public.floats → public.texts',
  'public.mood → public.pair',
  'numeric → public.amount',
  'public.amount → integer',
];

const pair = (line: string): readonly [TypedColumn, TypedColumn] => {
  const [source = '', target = ''] = line.replace(/: \w+$/, '').split(' → ');
  return [typed(source), typed(target)];
};

test.each(fitting)('%s', (line) => {
  expect(typeFits(...pair(line))).toEqual({ fits: true, cast: line.endsWith(': cast') });
});

test.each(refusedPairs)('%s does not fit', (line) => {
  expect(typeFits(...pair(line))).toMatchObject({ fits: false, reason: expect.any(String) });
});

test('labels that are lacking are named', () => {
  expect(typeFits(typed('public.more'), typed('public.mood'))).toEqual({
    fits: false,
    reason: 'it lacks the labels c',
  });
});
