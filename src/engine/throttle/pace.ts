/** At the slowest we work for one part in 64 of the time: what the source keeps for us must still go down. */
const longestRest = 63;

/**
 * How long to rest for each moment of work. While the destination is busy the rest doubles with every look at it, and halves once it is
 * not: never nothing, so that load of others can't hold a pipeline back for ever. Without I/O.
 */
export class Pace {
  #rest = 0;

  /** Moments of rest that follow a moment of work. */
  get rest(): number {
    return this.#rest;
  }

  /** The share of the time in which we work: 1 is full speed. */
  get share(): number {
    return 1 / (1 + this.#rest);
  }

  /** True when the pace is another one now. */
  looked(isBusy: boolean): boolean {
    const before = this.#rest;
    this.#rest = isBusy ? slower(before) : faster(before);
    return this.#rest !== before;
  }
}

const slower = (rest: number): number => Math.min(longestRest, rest === 0 ? 1 : 2 * rest + 1);

const faster = (rest: number): number => (rest <= 1 ? 0 : (rest - 1) / 2);
