import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Canary, findCanaries } from './forms.ts';

const lookEveryMs = 25;

export interface Sighting {
  readonly file: string;
  readonly canary: string;
}

/** Reads what lies below a directory again and again: journals and spilled files come and go. */
export class StateWatch implements Disposable {
  readonly #directory: string;
  readonly #canaries: readonly Canary[];
  readonly #found = new Map<string, Sighting>();
  readonly #seen = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(directory: string, canaries: readonly Canary[]) {
    this.#directory = directory;
    this.#canaries = canaries;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  /** After a last look. */
  get found(): readonly Sighting[] {
    this.#look();
    return [...this.#found.values()];
  }

  /** Names of files that were read. */
  get seen(): readonly string[] {
    return [...this.#seen];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const file of filesBelow(this.#directory)) {
      const bytes = contentOf(file);
      if (bytes === null) continue;
      this.#seen.add(file.slice(this.#directory.length + 1));
      for (const canary of findCanaries(this.#canaries, bytes))
        this.#found.set(`${file} ${canary}`, { file: file.slice(this.#directory.length + 1), canary });
    }
  }
}

function filesBelow(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    // It is not there yet, or something below it went while it was read.
    return [];
  }
}

function contentOf(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}
