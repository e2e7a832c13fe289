import type { DigestResult } from '../../protocol/digest.ts';

/** Rows and the sum of their hashes for each of so many groups: 12 bytes a group. Sums wrap, which keeps equal ones equal. */
export class GroupSums {
  readonly #rows: Int32Array;
  readonly #hashes: BigInt64Array;

  constructor(groups: number) {
    this.#rows = new Int32Array(groups);
    this.#hashes = new BigInt64Array(groups);
  }

  static of(result: DigestResult, groups: number): GroupSums {
    const sums = new GroupSums(groups);
    for (const [group, { rows, hash }] of result) sums.#add(group, rows, hash);
    return sums;
  }

  get total(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }

  rowsOf(group: number): number {
    return this.#rows[group] ?? 0;
  }

  addRow(group: number, hash: bigint): void {
    this.#add(group, 1, hash);
  }

  isSame(other: GroupSums, group: number): boolean {
    return (
      this.#rows[group] === other.#rows[group] && (this.#hashes[group] ?? 0n) === (other.#hashes[group] ?? 0n)
    );
  }

  take(from: GroupSums, group: number): void {
    this.#rows[group] = from.#rows[group] ?? 0;
    this.#hashes[group] = from.#hashes[group] ?? 0n;
  }

  #add(group: number, rows: number, hash: bigint): void {
    this.#rows[group] = (this.#rows[group] ?? 0) + rows;
    this.#hashes[group] = BigInt.asIntN(64, (this.#hashes[group] ?? 0n) + hash);
  }
}
