import { statSync } from 'node:fs';
import { toError } from '../../protocol/errors/lockstep-error.ts';
import { type Opened, openWith, type Purpose, readHead, sealWith } from './envelope.ts';
import type { SealingKey } from './sealing-key.ts';

/** Keys as they were read. */
export interface KeyReading {
  /** Newest first: the first seals, all open. */
  readonly keys: readonly SealingKey[];
  /** Where keys came from, or might come from: looked at for changes. */
  readonly files: readonly string[];
}

export interface KeySource {
  readonly first: KeyReading;
  /** Throws when what is there now can't be used; null: these keys never change. */
  readonly again: (() => KeyReading) | null;
}

/** What became of the keys while we run. */
export interface KeysReread {
  /** Ids, newest first. */
  readonly keyIds: readonly string[];
  /** Why what the files hold now can't be used, and the former keys stay; null: it can. */
  readonly fault: string | null;
}

/**
 * Seals and opens bytes. Keys that come from files are read again when a file has changed, and when an id is not known, so that keys can be
 * changed under a running engine. What can't be used then is told once and changes nothing: half a file must not lose a key.
 */
export class Keyring {
  readonly #source: KeySource;
  readonly #tell: (reread: KeysReread) => void;
  #reading: KeyReading;
  /** What the files looked like before they were read; empty: not known. */
  #seen = '';

  constructor(source: KeySource, tell: (reread: KeysReread) => void = () => undefined) {
    this.#source = source;
    this.#tell = tell;
    this.#reading = source.first;
  }

  /** A ring of keys that never change. */
  static of(keys: readonly SealingKey[]): Keyring {
    return new Keyring({ first: { keys, files: [] }, again: null });
  }

  /** Newest first. */
  get keyIds(): readonly string[] {
    return this.#reading.keys.map(({ id }) => id);
  }

  /** Null without a key: then nothing may be kept. */
  seal(bytes: Uint8Array, purpose: Purpose): Uint8Array | null {
    // Each time: what is sealed with a key that was replaced a moment ago may be missed by whoever seals everything anew.
    this.refresh();
    const [newest] = this.#reading.keys;
    return newest === undefined ? null : sealWith(newest, bytes, purpose);
  }

  open(sealed: Uint8Array, purpose: Purpose): Opened {
    const opened = openWith(this.#reading.keys, sealed, purpose);
    if (opened.kind !== 'key-unknown' || !this.refresh()) return opened;
    return openWith(this.#reading.keys, sealed, purpose);
  }

  /** Sealed with the newest key in the newest form: nothing would change by sealing it anew. */
  isCurrent(sealed: Uint8Array): boolean {
    const head = readHead(sealed);
    return head?.isNewest === true && head.keyId === this.#reading.keys[0]?.id;
  }

  /** Looks at the files now. True: they had changed, and hold keys. */
  refresh(): boolean {
    const state = stateOf(this.#reading.files);
    if (this.#source.again === null || state === this.#seen) return false;
    this.#seen = state;
    return this.#readAgain(this.#source.again);
  }

  #readAgain(again: () => KeyReading): boolean {
    const before = this.keyIds;
    const { files } = this.#reading;
    try {
      this.#reading = again();
    } catch (thrown) {
      this.#tell({ keyIds: before, fault: toError(thrown).message });
      return false;
    }
    if (this.#reading.files.join('\n') !== files.join('\n')) this.#seen = '';
    if (this.keyIds.join() !== before.join()) this.#tell({ keyIds: this.keyIds, fault: null });
    return true;
  }
}

/** Another text as soon as a file is another one, or was written; secrets of orchestrators are links that are set to another file. */
const stateOf = (files: readonly string[]): string => JSON.stringify(files.map(stateOfFile));

function stateOfFile(path: string): string {
  try {
    const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
  } catch (thrown) {
    // Whoever reads it tells why it can't be read.
    return toError(thrown).message;
  }
}
