import type { Digest, DigestResult } from '../../../protocol/digest.ts';

/** Digests of so many groups at 16 bytes each: as objects 65,536 of them took 7 MB, of which a comparison holds two sides. Sums wrap at 64 bits. */
export class GroupDigests implements DigestResult {
  readonly #rows: Float64Array;
  readonly #hashes: BigInt64Array;

  constructor(groups: number) {
    this.#rows = new Float64Array(groups);
    this.#hashes = new BigInt64Array(groups);
  }

  set(group: number, { rows, hash }: Digest): void {
    this.#rows[group] = rows;
    this.#hashes[group] = BigInt.asIntN(64, hash);
  }

  get(group: number): Digest | undefined {
    const rows = this.#rows[group] ?? 0;
    return rows === 0 ? undefined : { rows, hash: this.#hashes[group] ?? 0n };
  }

  *[Symbol.iterator](): Generator<[number, Digest]> {
    for (let group = 0; group < this.#rows.length; group += 1) {
      const digest = this.get(group);
      if (digest !== undefined) yield [group, digest];
    }
  }
}
