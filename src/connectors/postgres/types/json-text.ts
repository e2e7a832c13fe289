import { Given } from '../../../protocol/given.ts';
import type { Value } from '../../../protocol/value.ts';
import { NotEncodable } from './codec.ts';

/**
 * The text that a parsed JSON value was read from, where parsing loses something of it (spacing and doubled keys of `json`, digits of
 * numbers such as 1.50 or 2^60). Values are frozen, so as long as a mapping passes one on as it is, it is written as it was read.
 */
class Source extends Given {
  readonly #text: string;

  private constructor(value: object, text: string) {
    super(value);
    this.#text = text;
  }

  static note(value: object, text: string): void {
    new Source(value, text);
  }

  static of(value: object): string | undefined {
    return #text in value ? value.#text : undefined;
  }
}

/** Numbers that JavaScript would spell otherwise; may see one inside a string, which only costs an entry. */
const inexactNumber = /\d\.\d*0(?!\d)|\d[eE]|\d{16}|\d\.\d{15}/;

/** `exact`: the text itself is what the database keeps (`json`); else only its meaning (`jsonb`). */
export function readJson(text: string, exact: boolean): Value {
  const parsed: Value = JSON.parse(text);
  const lossy = exact || inexactNumber.test(text);
  if (typeof parsed === 'object' && parsed !== null) {
    if (lossy) Source.note(parsed, text);
    freeze(parsed);
    return parsed;
  }
  // JavaScript's null is SQL's: JSON's own would be written as no value at all.
  return parsed === null || (lossy && JSON.stringify(parsed) !== text) ? boxed(text) : parsed;
}

export const sourceOf = (value: Value): string | undefined =>
  typeof value === 'object' && value !== null ? Source.of(value) : undefined;

/** A JSON scalar that has no exact JavaScript value: an object that stands for its text. */
function boxed(text: string): Value {
  const box = { json: text };
  Source.note(box, text);
  return Object.freeze(box);
}

/** By place and by name: a list of the values of each object takes as long as freezing it. */
function freeze(value: object): void {
  if (Array.isArray(value)) for (let index = 0; index < value.length; index += 1) freezeInner(value[index]);
  else for (const name in value) freezeInner(Reflect.get(value, name));
  Object.freeze(value);
}

function freezeInner(value: unknown): void {
  if (typeof value === 'object' && value !== null) freeze(value);
}

/** JSON text for `json` and for `jsonb` on its way to the server. */
export function writeJson(value: Value): string {
  const source = sourceOf(value);
  if (source !== undefined) return source;
  const text = jsonOf(value);
  if (text === undefined) throw new NotEncodable(value);
  return text;
}

/** Without a function that sees each part it takes a third of the time; a bigint in it throws. */
function jsonOf(value: Value): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? jsonBigint(part) : part));
  }
}

/** Digits as they are: a JSON number has no limit. */
function jsonBigint(value: bigint): unknown {
  const rawJson: unknown = Reflect.get(JSON, 'rawJSON');
  return typeof rawJson === 'function' ? Reflect.apply(rawJson, JSON, [value.toString()]) : Number(value);
}
