/** Lines for people: a numbered step, what happened, a bar. */
export class View {
  readonly #write: (line: string) => void;
  readonly #startedAt = performance.now();
  #step = 0;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  step(title: string): void {
    this.#step += 1;
    this.#write('');
    this.#write(`${this.#seconds()}  ${this.#step}. ${title}`);
  }

  say(line: string): void {
    this.#write(`         ${line}`);
  }

  bar(label: string, done: number, total: number): void {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const filled = Math.round(share * 30);
    const rows = `${done.toLocaleString('en')} of ${total.toLocaleString('en')} rows`;
    this.say(`${label.padEnd(12)} ${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${rows}`);
  }

  #seconds(): string {
    return `${((performance.now() - this.#startedAt) / 1000).toFixed(1).padStart(5)} s`;
  }
}
