import type { Row } from '../../src/index.ts';

/** Between versions, both ways. */
export const directions = [
  { source: 17, target: 18 },
  { source: 18, target: 17 },
] as const;

/** Rows are decoded, handed to a function that changes nothing, and encoded again. */
export const asItIs = { way: 'through a mapping function', map: (row: Row): Row => row } as const;
