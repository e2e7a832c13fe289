import type { StoredConnection } from '../../protocol/control-store.ts';
import type { Opened, Purpose } from '../../store/secrets/envelope.ts';
import type { Keyring } from '../../store/secrets/keyring.ts';

/** Which connection a URL belongs to: it can't be opened under another name. */
export const purposeOf = (name: string): Purpose => ({ kind: 'connection', of: [name] });

export const openConnection = (ring: Keyring, { name, sealed }: StoredConnection): Opened =>
  ring.open(sealed, purposeOf(name));

export const urlOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
