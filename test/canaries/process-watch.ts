import { readdirSync, readFileSync } from 'node:fs';

const lookEveryMs = 50;

/** What everybody on the machine sees of a process: its arguments, and what it gave to processes that it started. */
export class ProcessWatch implements Disposable {
  readonly #pid: number;
  readonly #texts = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  get texts(): readonly string[] {
    return [...this.#texts];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#note(`/proc/${this.#pid}/cmdline`);
    this.#note(`/proc/${this.#pid}/comm`);
    for (const child of childrenOf(this.#pid)) {
      this.#note(`/proc/${child}/cmdline`);
      this.#note(`/proc/${child}/environ`);
    }
  }

  #note(file: string): void {
    const text = textOf(file);
    if (text !== '') this.#texts.add(text);
  }
}

function childrenOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      textOf(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean),
    );
  } catch {
    // It has ended.
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
