import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { BSON } from 'mongodb';
import { elementsOf } from '../../bson/elements.ts';
import { documentOf, type Element } from '../../bson/layout.ts';
import { decodeField } from '../../fields/decode.ts';
import { double, encodeField, int64 } from '../../fields/encode.ts';
import type { StoredValue } from '../../fields/remembered.ts';

/** Null: none of its parts has a value to stand in for it. */
type Aside = (before: Element) => StoredValue | null;

/** Of most types there are more than anybody meets by accident; of an Int32 there are few, and the upper half of them is used least. */
const most = 2 ** 47;
const asides: Readonly<Record<number, Aside>> = {
  1: () => double(most + randomInt(most)),
  2: (before) => encodeField(textAside(decodeField(before))),
  3: partsAside,
  4: partsAside,
  5: ({ value }) => {
    const subtype = value[4] ?? 0;
    return encodeField(subtype === 4 ? new BSON.UUID() : new BSON.Binary(randomBytes(16), subtype));
  },
  7: () => encodeField(new BSON.ObjectId()),
  9: () => encodeField(new Date(most + randomInt(most))),
  16: () => encodeField(2 ** 30 + randomInt(2 ** 30)),
  18: () => int64(BigInt(most + randomInt(most))),
  19: () => encodeField(BSON.Decimal128.fromString(String(most + randomInt(most)))),
};

/**
 * What stands in a unique field for the time in which others may take its value, which nobody else has. Of the same type where the type has
 * enough values: a validator may ask for it.
 */
export function valueAside(before: Element | undefined): StoredValue {
  const sameType = before === undefined ? null : asideOf(before);
  return sameType ?? encodeField(textAside(null));
}

const asideOf = (before: Element): StoredValue | null => asides[before.type]?.(before) ?? null;

/** A text keeps its end, which a validator may ask for too: `…@example.org`. */
const textAside = (old: unknown): string => `lockstep-${randomUUID()}-${typeof old === 'string' ? old : ''}`;

/** Any of them can be what the index is over. */
function partsAside({ type, value }: Element): StoredValue | null {
  let count = 0;
  const parts = [...elementsOf(value)].map((part) => {
    const aside = asideOf(part);
    if (aside === null) return part;
    count += 1;
    return { ...aside, name: part.name };
  });
  return count === 0 ? null : { type, value: documentOf(parts) };
}
