import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  advance,
  type Look,
  least,
  type OpenTransaction,
  type Standing,
} from '../../../src/connectors/postgres/reader/since/advance.ts';

/** A transaction of the model: it takes values early and shows its rows when it commits. */
interface Transaction {
  readonly id: number;
  readonly begunAt: bigint;
  /** Its beginning can't be seen from outside. */
  readonly isHidden: boolean;
  readonly values: bigint[];
  state: 'open' | 'prepared';
}

type Kind = 'time' | 'number';

/** A source whose clock moves with everything that happens, and a reader that looks, reads, and may die between the two. */
class Model {
  readonly #kind: Kind;
  readonly #running = new Map<number, Transaction>();
  readonly #committed: bigint[] = [];
  readonly #unread = new Set<bigint>();
  #clock = 1n;
  #drawn = 0n;
  #ids = 0;
  #standing: Standing | null = null;
  #look: Look | null = null;

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  begin(isHidden: boolean): void {
    this.#tick();
    this.#ids += 1;
    this.#running.set(this.#ids, {
      id: this.#ids,
      begunAt: this.#clock,
      isHidden,
      values: [],
      state: 'open',
    });
  }

  write(pick: number): void {
    this.#tick();
    const transaction = this.#pick(pick, 'open');
    // Rows are told apart by their values; of times several rows have one, and the first of them stands for all.
    transaction?.values.push(this.#kind === 'time' ? transaction.begunAt : this.#draw());
  }

  /** As most transactions are: over before anybody looks. */
  writeAtOnce(): void {
    this.#tick();
    const value = this.#kind === 'time' ? this.#clock : this.#draw();
    this.#committed.push(value);
    this.#unread.add(value);
  }

  prepare(pick: number): void {
    this.#tick();
    const transaction = this.#pick(pick, 'open');
    if (transaction !== undefined) transaction.state = 'prepared';
  }

  end(pick: number, commits: boolean): void {
    this.#tick();
    const all = [...this.#running.values()];
    const transaction = all[pick % Math.max(1, all.length)];
    if (transaction === undefined) return;
    this.#running.delete(transaction.id);
    if (!commits) return;
    this.#committed.push(...transaction.values);
    for (const value of transaction.values) this.#unread.add(value);
  }

  look(): void {
    this.#tick();
    const highest = this.#committed.reduce<bigint | null>(
      (high, value) => (high === null || value > high ? value : high),
      null,
    );
    const mark = this.#kind === 'time' ? this.#clock : highest;
    this.#look = { mark, open: [...this.#running.values()].map((each) => this.#seen(each)) };
  }

  /** In a snapshot of now. `upTo`: it dies behind so many rows, which it has saved. */
  read(upTo: number | null): void {
    if (this.#look === null) return;
    const next = advance(this.#standing, this.#look);
    const from = this.#standing?.low ?? null;
    const found = this.#committed
      .filter((value) => from === null || value >= from)
      .sort((a, b) => (a < b ? -1 : 1));
    const border = upTo === null ? undefined : found[upTo];
    for (const value of found) if (border === undefined || value < border) this.#unread.delete(value);
    this.#standing = border === undefined ? next : { ...next, low: least([border, next.low]) };
    this.#look = null;
  }

  /** All that still runs commits, and is read. */
  finish(): { readonly unread: readonly bigint[]; readonly standing: Standing | null } {
    while (this.#running.size > 0) this.end(0, true);
    this.#look = null;
    for (let turn = 0; turn < 2; turn += 1) {
      this.look();
      this.read(null);
    }
    return { unread: [...this.#unread], standing: this.#standing };
  }

  #seen({ id, state, begunAt, isHidden }: Transaction): OpenTransaction {
    const isPrepared = state === 'prepared';
    const since = this.#kind === 'number' || isPrepared || isHidden ? null : begunAt;
    return { id: `${state} ${id}`, isPrepared, since };
  }

  #pick(pick: number, state: Transaction['state']): Transaction | undefined {
    const all = [...this.#running.values()].filter((each) => each.state === state);
    return all[pick % Math.max(1, all.length)];
  }

  #tick(): void {
    this.#clock += 1n;
  }

  #draw(): bigint {
    this.#drawn += 1n;
    return this.#drawn;
  }
}

const pick = fc.nat(3);
const step = fc.oneof(
  // Most passes look and read with nothing in between.
  { weight: 3, arbitrary: fc.constant(passWhole) },
  { weight: 2, arbitrary: fc.constant((model: Model) => model.writeAtOnce()) },
  fc.boolean().map((isHidden) => (model: Model) => model.begin(isHidden)),
  pick.map((at) => (model: Model) => model.write(at)),
  pick.map((at) => (model: Model) => model.prepare(at)),
  fc.tuple(pick, fc.boolean()).map(
    ([at, commits]) =>
      (model: Model) =>
        model.end(at, commits),
  ),
  fc.constant((model: Model) => model.look()),
  fc.option(fc.nat(3)).map((upTo) => (model: Model) => model.read(upTo)),
);

function passWhole(model: Model): void {
  model.look();
  model.read(null);
}

describe.each(['time', 'number'] as const)('a cursor by a %s', (kind) => {
  test('passes over nothing that commits, whoever is open, hidden or prepared, and wherever the reader dies', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = new Model(kind);
        for (const take of steps) take(model);
        const { unread, standing } = model.finish();
        expect(unread).toEqual([]);
        expect(standing?.low, 'nobody holds it back any more').toBe(standing?.mark);
      }),
      { numRuns: 10_000 },
    );
  });
});

const look = (mark: bigint | null, ...open: readonly OpenTransaction[]): Look => ({ mark, open });
const session = (id: string, since: bigint | null): OpenTransaction => ({ id, isPrepared: false, since });
const prepared = (id: string): OpenTransaction => ({ id, isPrepared: true, since: null });

describe('where a cursor stands', () => {
  test('at the clock while nobody is open, at the oldest beginning else', () => {
    expect(advance(null, look(100n)).low).toBe(100n);
    expect(advance(null, look(100n, session('a', 70n), session('b', 90n))).low).toBe(70n);
  });

  test('who hides its beginning counts as open since the look before it was first seen', () => {
    const first = advance(null, look(100n));
    const second = advance(first, look(200n, session('a', null)));
    expect(second.low).toBe(100n);
    expect(advance(second, look(300n, session('a', null))).low).toBe(100n);
    expect(advance(second, look(300n, session('b', null))).low).toBe(200n);
  });

  test('who was open at the very first look may be older than everything', () => {
    const first = advance(null, look(100n, session('a', null)));
    expect(first.low).toBeNull();
    expect(advance(first, look(200n)).low).toBe(200n);
  });

  test('prepared transactions that come and go don’t hold it back for ever', () => {
    let standing = advance(null, look(100n));
    for (let turn = 2n; turn < 20n; turn += 1n)
      standing = advance(standing, look(turn * 100n, prepared(`p ${turn}`)));
    expect(standing.low).toBe(1_800n);
  });

  test('without rows there is no highest number', () => {
    expect(advance(null, look(null)).low).toBeNull();
  });
});
