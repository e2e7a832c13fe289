/** The four bytes of a length word that PostgreSQL counts into the modifiers of numeric, varchar and char. */
const header = 4;

/** The n of varchar(n) and char(n). */
export const width = (typmod: number): number => typmod - header;

/** numeric(precision, scale); the scale is 11 bits with sign (numeric.c). */
export function numericModifier(typmod: number): { readonly precision: number; readonly scale: number } {
  const bits = typmod - header;
  return { precision: (bits >> 16) & 0xffff, scale: ((bits & 0x7ff) ^ 1024) - 1024 };
}
