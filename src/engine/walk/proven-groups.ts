import { GroupSums } from './group-sums.ts';

/** What both sides showed of a comparison; `target` null: it was not asked, for nothing is known yet. */
export interface Sights {
  readonly source: GroupSums;
  readonly target: GroupSums | null;
}

/** What was read of the groups that were open. */
export interface Reading {
  readonly source: GroupSums;
  /** Summed up from the very rows that were compared. */
  readonly target: GroupSums;
  /** Groups of target rows that differ or are extra. */
  readonly differing: ReadonlySet<number>;
  /** Whether any row of the source was missing; its group is not known. */
  readonly lacksRows: boolean;
}

const rowsPerGroup = 8;
/** A table that nobody has counted yet is taken for so large. */
const fewestRows = 10_000;
/** 1.6 MB for both sides. */
const mostGroups = 1 << 16;
/** From this share on, reading everything costs less than picking groups. */
const wholeShare = 1 / 2;
/** After so long everything is read once more: a function that is not pure, and hashes that meet by accident, are not trusted for ever. */
const trustedForMs = 24 * 60 * 60 * 1000;

/**
 * What this process has seen to be equal, for rows that a function maps: the servers' digests of a group of rows at either side. A function of
 * the row alone makes the same of the same rows, so a group whose digests are both as they were then is equal still, and need be neither
 * read nor mapped. Both sides are hashed in full each time, so whatever changes at either is found. Lives no longer than the function.
 */
export class ProvenGroups {
  readonly groups: number;
  readonly #source: GroupSums;
  readonly #target: GroupSums;
  readonly #isProven: Uint8Array;
  readonly #sinceMs: number;

  constructor(options: { readonly estimatedRows: number; readonly nowMs: number }) {
    const wanted = Math.max(options.estimatedRows, fewestRows) / rowsPerGroup;
    this.groups = Math.min(mostGroups, 2 ** Math.ceil(Math.log2(wanted)));
    this.#source = new GroupSums(this.groups);
    this.#target = new GroupSums(this.groups);
    this.#isProven = new Uint8Array(this.groups);
    this.#sinceMs = options.nowMs;
  }

  get knowsAny(): boolean {
    return this.#isProven.includes(1);
  }

  /** Time to begin anew: it is too old, or there are many more rows than the groups were made for. */
  isOutdated({ rows, nowMs }: { readonly rows: number; readonly nowMs: number }): boolean {
    const isCoarse = this.groups < mostGroups && rows > this.groups * rowsPerGroup * 4;
    return isCoarse || nowMs - this.#sinceMs > trustedForMs;
  }

  /** Groups that have to be read; null: all, by a read that does not pick. */
  open({ source, target }: Sights): ReadonlySet<number> | null {
    if (target === null) return null;
    const open = new Set<number>();
    for (let group = 0; group < this.groups; group += 1)
      if (!this.#isStill(group, source, target)) open.add(group);
    return open.size > this.groups * wholeShare ? null : open;
  }

  learn(open: ReadonlySet<number> | null, reading: Reading): void {
    for (const group of open ?? Array.from({ length: this.groups }, (_, each) => each)) {
      this.#source.take(reading.source, group);
      this.#target.take(reading.target, group);
      this.#isProven[group] = isEqual(group, reading) ? 1 : 0;
    }
  }

  #isStill(group: number, source: GroupSums, target: GroupSums): boolean {
    return (
      this.#isProven[group] === 1 && this.#source.isSame(source, group) && this.#target.isSame(target, group)
    );
  }
}

/** A row that the function leaves out is at the source alone, as one that is missing is: where none is missing anywhere, none is here. */
const isEqual = (group: number, { source, target, differing, lacksRows }: Reading): boolean =>
  !differing.has(group) && (!lacksRows || source.rowsOf(group) === target.rowsOf(group));
