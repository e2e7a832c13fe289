const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** In a short list of numbers one failure may follow the other for ever, which is not what happens to a server. */
const mostFailures = 30;

/**
 * What is left to chance in a run, and how long things take: all of it comes from one list of numbers, so a run can be repeated and made
 * smaller. Time is counted in turns of the event loop.
 */
export class Turns {
  readonly #choices: readonly number[];
  #drawn = 0;
  #passed = 0;
  #failures = 0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  /** How many turns have passed. */
  get passed(): number {
    return this.#passed;
  }

  draw(below: number): number {
    const choice = this.#choices[this.#drawn % this.#choices.length] ?? 0;
    this.#drawn += 1;
    return choice % below;
  }

  /** Whether something goes wrong now, which it does once in so many times. */
  fails(once: number): boolean {
    const isHit = this.draw(once) === once - 1 && this.#failures < mostFailures;
    if (isHit) this.#failures += 1;
    return isHit;
  }

  /** A few turns, or none at all. */
  async pause(most: number): Promise<void> {
    for (let left = this.draw(most + 1); left > 0; left -= 1) await turn();
  }

  /** One turn of the run itself: only here time passes for clocks. */
  async pass(): Promise<void> {
    await turn();
    this.#passed += 1;
  }
}
