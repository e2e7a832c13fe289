/** Above this many, statements are parsed each time: partial rows may come in any combination of columns. */
const mostStatements = 500;

/**
 * The names under which a session has prepared its statements. A statement that failed may have been parsed or not, so its name is never
 * used again.
 */
export class StatementNames {
  readonly #names = new Map<string, string>();
  #doubtful: string[] = [];
  #count = 0;
  #usable = true;

  /** Null: it has to be parsed, under the name that `assign` gives. */
  find(sql: string): string | null {
    return this.#names.get(sql) ?? null;
  }

  /** The unnamed statement where names don't hold (some poolers), or would be too many. */
  assign(sql: string): string {
    if (!this.#usable || this.#names.size >= mostStatements) return '';
    this.#count += 1;
    const name = `lockstep_${this.#count}`;
    this.#names.set(sql, name);
    return name;
  }

  forget(sql: string): void {
    const name = this.#names.get(sql);
    if (name === undefined) return;
    this.#names.delete(sql);
    this.#doubtful.push(name);
  }

  /** Names to be closed by the next message. */
  takeDoubtful(): readonly string[] {
    const names = this.#doubtful;
    this.#doubtful = [];
    return names;
  }

  /** Another server process answers than the one that prepared them. */
  giveUp(): void {
    this.#usable = false;
    this.#names.clear();
    this.#doubtful = [];
  }
}
