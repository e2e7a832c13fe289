import { expect, test } from 'vitest';
import { Throttle } from '../../../src/engine/throttle/throttle.ts';
import type { CollectionWork } from '../../../src/engine/walk/collection-work.ts';
import { compareDigests } from '../../../src/engine/walk/compare-digests.ts';
import type { Suspects } from '../../../src/engine/walk/hash-join.ts';
import { Tally } from '../../../src/engine/walk/tally.ts';
import type { DigestAgreement, HashedKey, HashPage } from '../../../src/protocol/digest.ts';
import { LockstepError } from '../../../src/protocol/errors/lockstep-error.ts';
import type { Partition } from '../../../src/protocol/partition.ts';
import type { ReadSnapshot } from '../../../src/protocol/reader.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** More than are told at once. */
const rowsEach = 120_000;
const partitions: readonly Partition[] = [
  { id: 'first', from: null, to: ['2'], estimatedRows: 100 },
  { id: 'second', from: ['2'], to: null, estimatedRows: rowsEach },
];

/** Rows of no other side, one after the other. */
class Lonely implements HashPage {
  readonly #count: number;
  readonly #name: string;
  #at = 0;

  constructor(name: string, count: number) {
    this.#name = name;
    this.#count = count;
  }

  get atEnd(): boolean {
    return this.#at >= this.#count;
  }

  takeCommon(): number {
    return 0;
  }

  compareKeys(): number {
    throw new Error('the other side has no row');
  }

  take(): string {
    this.#at += 1;
    return `${this.#name} ${this.#at}`;
  }
}

const lost = () => new LockstepError('connection-lost', { address: 'the source', detail: 'in the middle' });

/** A source of which all rows are missing at the target, and whose first read in order is lost near its end. */
function source(): Partial<ReadSnapshot> {
  let attempts = 0;
  return {
    async *partitions() {
      yield* partitions;
    },
    digest: async (_, { estimatedRows }) => new Map([[0, { rows: estimatedRows, hash: 1n }]]),
    async *hashes(): AsyncIterable<readonly HashedKey[]> {
      yield Array.from({ length: 100 }, (_, n) => ({ key: `early ${n}`, hash: 1n }));
    },
    async *hashesInOrder(): AsyncIterable<HashPage> {
      attempts += 1;
      yield new Lonely('one', rowsEach / 2);
      if (attempts === 1) throw lost();
      yield new Lonely('other', rowsEach / 2);
    },
  };
}

async function* none<Item>(): AsyncIterable<Item> {}

test('a partition that is compared once more, since a connection was lost, tells its suspects once', async () => {
  await using directory = await temporaryDirectory();
  const clock = { now: () => performance.now(), pause: async () => undefined };
  await using throttle = new Throttle({ load: null, tell: () => undefined, lookEveryMs: 1, clock });
  const here = source();
  const never = new AbortController().signal;
  const tally = new Tally();
  const work = {
    context: {
      pipeline: 'it',
      settings: {
        rowsPerPartition: 100_000,
        lanes: 1,
        retry: { attempts: 3, initialDelayMs: 1, maxDelayMs: 1 },
      },
      spillDirectory: directory.path,
      events: { emit: () => undefined },
      signal: never,
      draining: never,
      throttle,
    },
    plan: { name: 't', source: 't', target: 't', sourceShape: { estimatedRows: rowsEach } },
    target: { comparison: () => ({}) },
    source: { selection: null },
    moment: {
      read: (_: AbortSignal, read: (snapshot: typeof here) => unknown) => read(here),
      stream: (_: AbortSignal, read: (snapshot: typeof here) => unknown) => read(here),
    },
    targetReads: { digest: async () => new Map(), hashes: none, hashesInOrder: none },
    sharedOrder: true,
    tally,
  } as unknown as CollectionWork;
  const agreement: DigestAgreement = { dialect: 'any', groupsCost: false, columns: [] };
  const told: string[] = [];
  const add = async ({ missing }: Suspects): Promise<void> => void told.push(...missing);
  await compareDigests(work, agreement, { add });
  expect(told).toHaveLength(100 + rowsEach);
  expect(new Set(told).size).toBe(told.length);
  expect(tally.sourceRows).toBe(100 + rowsEach);
});
