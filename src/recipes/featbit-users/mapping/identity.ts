import type { BitsaccoUser } from './bitsacco-user.ts';

type Named = Pick<BitsaccoUser, 'id' | 'phone' | 'npub' | 'name'>;

const domain = 'bitsacco.com';

/** The whole npub: its first characters are shared by many. Who has neither phone nor npub has the id. */
export const emailOf = ({ id, phone, npub }: Named): string => `${phone ?? npub ?? id}@${domain}`;

/** Every e-mail address that `emailOf` makes looks like this. */
export const emailPattern = `@${domain.replace('.', '\\.')}$`;

export function nameOf({ name, phone, npub }: Named): string {
  if (name !== null) return name;
  if (phone !== null) return `Phone User ${phone}`;
  return npub === null ? 'Bitsacco User' : `Nostr User ${npub.slice(0, 8)}`;
}
