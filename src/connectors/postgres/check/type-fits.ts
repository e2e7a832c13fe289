import { type PgType, type PgUserType, underlying } from '../catalog/pg-type.ts';
import { numericModifier, width } from './type-modifier.ts';

/** A type with its modifier, and the definitions of the user types beneath it. */
export interface TypedColumn {
  readonly type: PgType;
  readonly typmod: number;
  readonly userTypes: readonly PgUserType[];
}

/** `cast`: the bytes of one type are not those of the other, so the reader converts. */
export type TypeFit =
  | { readonly fits: true; readonly cast: boolean }
  | { readonly fits: false; readonly reason: string };

const asIs: TypeFit = { fits: true, cast: false };
const converted: TypeFit = { fits: true, cast: true };
const refused = (reason: string): TypeFit => ({ fits: false, reason });
const noConversion = refused('there is no conversion that keeps every value');

/** Whether the target's type holds every value of the source's without loss. Domains count as what they stand for. */
export function typeFits(source: TypedColumn, target: TypedColumn): TypeFit {
  const [from, to] = [undomained(source), undomained(target)];
  if (from.type.element !== null && to.type.element !== null) {
    return typeFits({ ...from, type: from.type.element }, { ...to, type: to.type.element });
  }
  if (from.type.element !== null || to.type.element !== null) return noConversion;
  const byDefinition = fitsByDefinition(from, to);
  if (byDefinition !== null) return byDefinition;
  const rule = rules[from.type.name]?.[to.type.name];
  if (rule !== undefined) return rule(from.typmod, to.typmod);
  if (from.type.name !== to.type.name) return noConversion;
  return to.typmod === -1 || to.typmod === from.typmod
    ? asIs
    : refused('its modifiers are narrower or other');
}

/** A domain's own modifier is the one of its base type. */
function undomained(column: TypedColumn): TypedColumn {
  if (column.type.base === null) return column;
  const definition = column.userTypes.find(({ name }) => name === column.type.name);
  const typmod = definition?.kind === 'domain' ? definition.baseTypmod : column.typmod;
  const next = { ...column, type: column.type.base, typmod };
  return next.type.base === null ? next : undomained(next);
}

/** User types of one kind fit by what they are made of, whatever they are called. Null: that says nothing. */
function fitsByDefinition(from: TypedColumn, to: TypedColumn): TypeFit | null {
  const [left, right] = [definitionOf(from), definitionOf(to)];
  if (left === undefined) return null;
  const cast = from.type.name !== to.type.name;
  if (left.kind === 'enum' && (to.type.name === 'text' || isUnlimited(to))) return converted;
  if (right === undefined || left.kind !== right.kind) return null;
  if (left.kind === 'enum' && right.kind === 'enum') {
    const lacking = left.labels.filter((label) => !right.labels.includes(label));
    return lacking.length === 0 ? { fits: true, cast } : refused(`it lacks the labels ${lacking.join(', ')}`);
  }
  if (left.kind === 'composite' && right.kind === 'composite') {
    const [mine, theirs] = [left, right].map(({ attributes }) =>
      JSON.stringify(attributes.map(({ name, type }) => [name, type])),
    );
    return mine === theirs ? { fits: true, cast } : refused('its attributes are others');
  }
  if (left.kind === 'range' && right.kind === 'range') {
    return left.range.subtype === right.range.subtype
      ? { fits: true, cast }
      : refused('it is a range of another type');
  }
  return null;
}

const definitionOf = ({ type, userTypes }: TypedColumn): PgUserType | undefined =>
  userTypes.find(({ name }) => name === underlying(type).name);

const isUnlimited = ({ type, typmod }: TypedColumn): boolean =>
  type.name === 'character varying' && typmod === -1;

type Rule = (source: number, target: number) => TypeFit;

const always: Rule = () => asIs;
const cast: Rule = () => converted;

/** Wide enough; -1 is unlimited. */
const wideEnough =
  (fit: TypeFit): Rule =>
  (source, target) => {
    if (target === -1) return fit;
    return source !== -1 && width(target) >= width(source) ? fit : refused('it is shorter');
  };

/** char(n) pads: another length is another stored form of the same value. */
const padded: Rule = (source, target) => {
  if (source === target) return asIs;
  return source !== -1 && target > source ? converted : refused('it is shorter');
};

/** Fractional digits of seconds; -1 is 6, the most. */
const preciseEnough =
  (fit: TypeFit): Rule =>
  (source, target) =>
    (target === -1 ? 6 : target) >= (source === -1 ? 6 : source)
      ? fit
      : refused('it keeps fewer digits of the second');

const numericHolds: Rule = (source, target) => {
  if (target === -1) return asIs;
  if (source === -1) return refused('it is limited and the source’s is not');
  const [from, to] = [numericModifier(source), numericModifier(target)];
  const whole = to.precision - to.scale >= from.precision - from.scale;
  if (!whole || to.scale < from.scale) return refused('it has fewer digits');
  return to.scale === from.scale ? asIs : converted;
};

const numericHoldsDigits =
  (digits: number): Rule =>
  (_, target) => {
    if (target === -1) return converted;
    const { precision, scale } = numericModifier(target);
    return precision - scale >= digits && scale >= 0 ? converted : refused('it has fewer digits');
  };

const bits: Rule = (source, target) =>
  target === -1 || target >= source ? converted : refused('it is shorter');

const varbits: Rule = (source, target) => {
  if (target === -1) return asIs;
  return source !== -1 && target >= source ? asIs : refused('it is shorter');
};

/** Source type → target type → rule. What is not here fits only its equal. */
const rules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  smallint: {
    integer: cast,
    bigint: cast,
    numeric: numericHoldsDigits(5),
    real: cast,
    'double precision': cast,
  },
  integer: { bigint: cast, numeric: numericHoldsDigits(10), 'double precision': cast },
  bigint: { numeric: numericHoldsDigits(19) },
  oid: { bigint: cast },
  numeric: { numeric: numericHolds },
  real: { 'double precision': cast },
  text: { text: always, 'character varying': wideEnough(asIs) },
  'character varying': { text: always, 'character varying': wideEnough(asIs) },
  character: { character: padded, text: cast, 'character varying': wideEnough(converted) },
  name: { text: cast, 'character varying': wideEnough(converted) },
  bit: {
    bit: (source, target) => (source === target ? asIs : refused('it has another length')),
    'bit varying': bits,
  },
  'bit varying': { 'bit varying': varbits },
  date: { 'timestamp without time zone': cast },
  'timestamp without time zone': { 'timestamp without time zone': preciseEnough(asIs) },
  'timestamp with time zone': { 'timestamp with time zone': preciseEnough(asIs) },
  'time without time zone': { 'time without time zone': preciseEnough(asIs) },
  'time with time zone': { 'time with time zone': preciseEnough(asIs) },
  cidr: { inet: cast },
};
