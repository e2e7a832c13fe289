import { BSON } from 'mongodb';
import { LockstepError } from '../../../protocol/errors/lockstep-error.ts';
import type { Selection } from '../../../protocol/selection.ts';
import type { Value } from '../../../protocol/value.ts';
import { idColumn } from '../names.ts';
import { decodeField } from './decode.ts';
import { columnKey, type IdForm, plainIds } from './id-form.ts';
import { plainType, unmodified } from './to-postgres.ts';

/** The ids that a column of another database can hold as its key. */
interface KeyKind {
  /** Null: it can't hold this one. */
  textOf(id: Value): string | null;
  /** All ids that have this text. */
  idsOf(text: string): readonly unknown[];
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A whole number, whatever type holds it: MongoDB takes those as one id. */
function digitsOf(id: Value): string | null {
  if (typeof id === 'bigint' || (typeof id === 'number' && Number.isSafeInteger(id))) return String(id);
  const isWhole = id instanceof BSON.Double && Number.isSafeInteger(id.value);
  return isWhole ? String(id.value === 0 ? 0 : id.value) : null;
}

function numbersOf(text: string): readonly unknown[] {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(text)) return [];
  const value = BigInt(text);
  return BigInt.asIntN(64, value) === value ? [BSON.Long.fromBigInt(value)] : [];
}

const uuidsOf = (text: string): readonly unknown[] => (uuid.test(text) ? [new BSON.UUID(text)] : []);

const texts: KeyKind = {
  textOf: (id) => {
    if (typeof id === 'string') return id;
    return id instanceof BSON.ObjectId || id instanceof BSON.UUID ? String(id) : digitsOf(id);
  },
  idsOf: (text) => [
    text,
    ...(/^[0-9a-f]{24}$/.test(text) ? [new BSON.ObjectId(text)] : []),
    ...uuidsOf(text),
    ...numbersOf(text),
  ],
};

const uuids: KeyKind = {
  textOf: (id) => {
    const text = id instanceof BSON.UUID ? String(id) : id;
    return typeof text === 'string' && uuid.test(text) ? text : null;
  },
  idsOf: (text) => [text, ...uuidsOf(text)],
};

const integers: KeyKind = { textOf: digitsOf, idsOf: numbersOf };

const kinds: Readonly<Record<string, KeyKind>> = {
  text: texts,
  'character varying': texts,
  uuid: uuids,
  smallint: integers,
  integer: integers,
  bigint: integers,
};

/** Keys as PostgreSQL spells them. Ids that differ in nothing but their type, such as a UUID and its text, are one key there. */
export class ForeignIds implements IdForm {
  readonly #kind: KeyKind;
  readonly #collection: string;
  readonly #type: string;

  constructor(type: string, collection: string) {
    const kind = kinds[unmodified(type)];
    if (kind === undefined) throw unfit(collection, type);
    this.#kind = kind;
    this.#collection = collection;
    this.#type = type;
  }

  keyOf(id: Parameters<IdForm['keyOf']>[0]): string {
    return columnKey.spell(this.textOf(decodeField(id)));
  }

  idsOf(key: string): readonly unknown[] {
    const text = columnKey.read(key);
    return text === null ? [] : this.#kind.idsOf(text);
  }

  textOf(id: Value): string {
    const text = this.#kind.textOf(id);
    if (text === null) throw unfit(this.#collection, this.#type);
    return text;
  }
}

const unfit = (collection: string, type: string): LockstepError =>
  new LockstepError('mongodb-id-unfit', { collection, type });

/** The type of the column of another database that has the id; null: MongoDB itself. */
export const foreignIdType = ({ columns }: Selection): string | null => {
  const column = columns.find(({ from }) => 'column' in from && from.column === idColumn);
  return column === undefined || column.as === null || column.as === plainType ? null : column.as;
};

/** How the keys of rows of a selection are spelled. */
export function idsOfSelection(selection: Selection, collection: string): IdForm {
  const type = foreignIdType(selection);
  return type === null ? plainIds : new ForeignIds(type, collection);
}
