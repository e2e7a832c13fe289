import type { BitsaccoUser } from './bitsacco-user.ts';

type Addressed = Pick<BitsaccoUser, 'id' | 'phone' | 'npub'>;
type Named = Pick<BitsaccoUser, 'phoneNumber' | 'npub' | 'name'>;

const domain = 'bitsacco.com';

/** The whole npub: its first characters are shared by many. Who has neither phone nor npub has the id. */
export const emailOf = ({ id, phone, npub }: Addressed): string => `${phone ?? npub ?? id}@${domain}`;

/** Every e-mail address that `emailOf` makes looks like this. */
export const emailPattern = `@${domain.replace('.', '\\.')}$`;

/** Of the number as it is stored: two users whose numbers differ in spelling alone can be told apart. */
export function nameOf({ name, phoneNumber, npub }: Named): string {
  if (name !== null) return name;
  if (phoneNumber !== null) return `Phone User ${phoneNumber}`;
  return npub === null ? 'Bitsacco User' : `Nostr User ${npub.slice(0, 8)}`;
}
