/** Rows per group at first: a server adds up thousands of groups at the price of one, and one difference then costs few keys. */
const rowsPerFirstGroup = 128;
/** When much differs: so few that most groups hold no difference. */
export const rowsPerGroup = 16;
/**
 * One sum over a partition instead of groups spares a server a seventh of the work (1.10 instead of 1.30 µs for a row of 16 columns), and
 * costs a scan more where it differs: worth it while no more than this share of partitions did.
 */
const differingShare = 1 / 8;
/**
 * Above this share of rows in groups that differ, every row's key and hash are read in their order, in one scan of each side: that takes
 * the servers a sixth more than their digests, and a second scan, even of few groups, a third.
 */
const orderedShare = 1 / 64;
/** Without a shared order, above this share: coarse groups only cost a scan before the fine ones. */
const coarseShare = 1 / 8;

/** How the first look at a partition is taken, by what earlier ones showed. */
export class Grain {
  #rowsPerGroup = rowsPerFirstGroup;
  #seesRows = false;
  #seen = 0;
  #differing = 0;

  /** Most of what was seen is equal: one sum will probably do. */
  get expectsEqual(): boolean {
    return this.#seen > 0 && this.#differing <= this.#seen * differingShare;
  }

  get rowsPerGroup(): number {
    return this.#rowsPerGroup;
  }

  /** Differences lie so close that each row is looked at. */
  get seesRows(): boolean {
    return this.#seesRows;
  }

  /** So many rows of a partition's are in groups that differ. */
  learn(suspects: number, rows: number): void {
    this.#seen += 1;
    if (suspects > 0) this.#differing += 1;
    if (suspects > rows * orderedShare) this.#seesRows = true;
    if (suspects > rows * coarseShare) this.#rowsPerGroup = rowsPerGroup;
  }
}
