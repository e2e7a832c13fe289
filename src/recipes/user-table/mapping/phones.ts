import { createHash } from 'node:crypto';

const digitsEach = 9;
/** A SHA-256 has 77 or 78 decimal digits. */
const digitsOfHash = 78;

/**
 * Phone numbers for a user whose own is missing or taken: 9 and nine digits each, cut one after the other from the SHA-256 of the id written
 * as a decimal number of 78 digits. The same on every run and every machine.
 */
export function derivedPhones(id: string): readonly string[] {
  const hash = createHash('sha256').update(id).digest('hex');
  const digits = BigInt(`0x${hash}`).toString().padStart(digitsOfHash, '0');
  return Array.from(
    { length: Math.floor(digitsOfHash / digitsEach) },
    (_, place) => `9${digits.slice(place * digitsEach, (place + 1) * digitsEach)}`,
  );
}

/** Digits only. None, or more than the column takes: a cut number would be somebody else's, so it is a derived one. */
export function phoneOf(id: string, phone: string, length: number | null): string {
  const digits = phone.replace(/\D/g, '');
  const fits = digits !== '' && (length === null || digits.length <= length);
  return fits ? digits : (derivedPhones(id)[0] ?? '');
}
