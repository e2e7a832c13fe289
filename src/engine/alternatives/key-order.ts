import type { Key } from '../../protocol/names.ts';

const integer = /^-?\d+$/;

/**
 * Which of two keys is the lower one: part by part, integers by value and everything else by its spelling. Only of use where the same two
 * keys have to come in the same order everywhere: no server's own order is asked.
 */
export function compareKeys(a: Key, b: Key): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (const [place, part] of left.entries()) {
    const other = right[place];
    if (other === undefined) return 1;
    const order = comparePart(part, other);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

function comparePart(a: string, b: string): number {
  if (a === b) return 0;
  if (!integer.test(a) || !integer.test(b)) return a < b ? -1 : 1;
  const difference = BigInt(a) - BigInt(b);
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

/** Keys are spelled as JSON arrays of texts; a connector with another spelling is compared by it. */
function partsOf(key: Key): readonly string[] {
  try {
    const parts: unknown = JSON.parse(key);
    return Array.isArray(parts) ? parts.map(String) : [key];
  } catch {
    return [key];
  }
}
