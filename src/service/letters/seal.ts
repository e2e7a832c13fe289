import { LockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Row } from '../../protocol/value.ts';
import type { Opened, Purpose } from '../../store/secrets/envelope.ts';
import type { Keyring } from '../../store/secrets/keyring.ts';
import { rowFromJson, rowToJson } from './row-json.ts';

/** Which letter a row belongs to: it can't be opened as another's. */
export interface LetterPlace {
  readonly pipeline: string;
  readonly collection: string;
  readonly key: string;
}

/** Keeps rows of dead letters unreadable to whoever only has the control store. */
export interface Sealer {
  /** Null without a key: then nothing of the row is kept. */
  seal(row: Row, place: LetterPlace): Uint8Array | null;
  /** `letter-key-unknown` when none of the keys sealed it, `letter-damaged` when it is not what was sealed. */
  open(bytes: Uint8Array, place: LetterPlace): Row;
}

export function createSealer(ring: Keyring): Sealer {
  return {
    seal: (row, place) => ring.seal(Buffer.from(rowToJson(row), 'utf8'), purposeOf(place)),
    open: (bytes, place) => rowOf(ring.open(bytes, purposeOf(place))),
  };
}

export const purposeOf = ({ pipeline, collection, key }: LetterPlace): Purpose => ({
  kind: 'dead letter',
  of: [pipeline, collection, key],
});

function rowOf(opened: Opened): Row {
  switch (opened.kind) {
    case 'key-unknown':
      throw new LockstepError('letter-key-unknown', { keyId: opened.keyId });
    case 'damaged':
      throw new LockstepError('letter-damaged', { detail: opened.detail });
    case 'opened':
      return parse(opened.bytes);
  }
}

function parse(bytes: Uint8Array): Row {
  try {
    return rowFromJson(Buffer.from(bytes).toString('utf8'));
  } catch {
    // A parser's message would quote the row.
    throw new LockstepError('letter-damaged', { detail: 'what was sealed is no row' });
  }
}
