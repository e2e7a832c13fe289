const numberOids: ReadonlySet<number> = new Set([21, 23, 26, 700, 701]);

/** bool[], "char"[], name[], int2[], int4[], text[], int8[], oid[] */
const arrayOids: ReadonlyMap<number, (text: string) => unknown> = new Map<number, (text: string) => unknown>([
  [1000, (text) => text === 't'],
  [1002, String],
  [1003, String],
  [1005, Number],
  [1007, Number],
  [1009, String],
  [1016, String],
  [1028, Number],
]);

/** How results of queries are read: small numbers, booleans and simple arrays; everything else stays text, so nothing loses a digit. */
export function resultParser(oid: number): (text: string) => unknown {
  if (oid === 16) return (text) => text === 't';
  if (numberOids.has(oid)) return Number;
  const element = arrayOids.get(oid);
  return element === undefined ? (text) => text : arrayParser(element);
}

/** The text form of a one-dimensional array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
function arrayParser(element: (text: string) => unknown): (text: string) => unknown[] {
  return (text) => {
    const items = text.slice(text.indexOf('{') + 1, -1).match(/"(?:[^"\\]|\\.)*"|[^,]+/gs) ?? [];
    return items.map((item) => {
      if (item === 'NULL') return null;
      return element(item.startsWith('"') ? item.slice(1, -1).replace(/\\(.)/gs, '$1') : item);
    });
  };
}
