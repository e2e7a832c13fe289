import type { TypedColumn } from './type-fits.ts';

const texts: readonly string[] = ['text', 'character varying', 'name'];

/**
 * Whether every value can be read in the target's type, and the target refuses on its own what it can't take. A conversion that fails while
 * it is read (`bigint` to `integer`) would fail for a whole range of a comparison; others round, cut off, or respell.
 */
export const refusesRest = ({ type: from }: TypedColumn, { type: to }: TypedColumn): boolean =>
  texts.includes(from.name) && to.name === 'character varying';
