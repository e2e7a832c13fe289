import type { Row, Value } from '../../../protocol/value.ts';

/**
 * Makes rows of one shape. Names are assigned in one order, so all rows share one hidden class. Frozen: a mapping that
 * changed a row in place would otherwise be written as it was read.
 */
export function rowFactory(names: readonly string[]): (values: readonly Value[]) => Row {
  if (names.includes('__proto__')) return safeRow(names);
  return (values) => {
    const row: Record<string, Value> = {};
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index];
      if (name !== undefined) row[name] = values[index] ?? null;
    }
    return Object.freeze(row);
  };
}

/** A column may be called `__proto__`; assigning it would set the prototype. */
const safeRow = (names: readonly string[]) => (values: readonly Value[]) =>
  Object.freeze(Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])));
