import fc from 'fast-check';
import { expect, it } from 'vitest';
import { assign, type HeldBy, spell, type Wanting } from '../../../src/engine/alternatives/assign.ts';
import { compareKeys } from '../../../src/engine/alternatives/key-order.ts';
import type { Key } from '../../../src/protocol/names.ts';

const keyOf = (id: number): Key => JSON.stringify([String(id)]);
const nobodyIsImmovable: ReadonlySet<Key> = new Set();

/** A target: who holds which value, and the rows of others. */
class World {
  readonly held = new Map<string, HeldBy>();
  readonly wishes = new Map<Key, Wanting>();

  /** Brings some rows in, with whoever has to give way, as a window does. */
  bringIn(keys: readonly Key[]): void {
    const members = new Set(keys);
    for (;;) {
      const rows = [...members].flatMap((key) => this.wishes.get(key) ?? []);
      const { taken, displaced, unknown } = assign(rows, {
        holderOf: (value) => this.held.get(spell(value)) ?? null,
        immovable: nobodyIsImmovable,
      });
      expect(unknown).toEqual([]);
      const fresh = displaced.filter((key) => !members.has(key));
      for (const key of fresh) members.add(key);
      if (fresh.length > 0) continue;
      this.#give(members, taken);
      return;
    }
  }

  #give(members: ReadonlySet<Key>, taken: ReturnType<typeof assign>['taken']): void {
    for (const [value, { key }] of this.held) if (members.has(key)) this.held.delete(value);
    for (const [key, { value }] of taken) {
      // What nobody can give it is refused by the target.
      if (this.held.has(spell(value))) continue;
      this.held.set(spell(value), { key, isOurs: true });
    }
  }

  values(): Readonly<Record<Key, string>> {
    return Object.fromEntries([...this.held].map(([value, { key }]) => [key, value]));
  }
}

/** Lower keys first, each the first value that is left: what the result has to be, whatever the way there was. */
function fair(wishes: readonly Wanting[], others: ReadonlySet<string>): Readonly<Record<Key, string>> {
  const gone = new Set(others);
  const result: Record<Key, string> = {};
  for (const { key, values } of wishes.toSorted((a, b) => compareKeys(a.key, b.key))) {
    const value = values.map(spell).find((each) => !gone.has(each));
    if (value === undefined) continue;
    gone.add(value);
    result[key] = value;
  }
  return result;
}

/** Own values clash often; the further ones are each row's own, as they are in any sensible mapping. */
const wishesOf = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 })), {
    selector: ([id]) => id,
    minLength: 1,
    maxLength: 20,
  })
  .map((pairs) => pairs.map(([id, own]): Wanting => ({ key: keyOf(id), values: [own, `a${id}`, `b${id}`] })));

it('gives the same values whatever the order in which rows come', () => {
  fc.assert(
    fc.property(
      wishesOf,
      fc.subarray([1, 2, 3, 4, 5, 6, 7, 8]),
      fc.infiniteStream(fc.nat()),
      (wishes, others, dice) => {
        const world = new World();
        for (const value of others)
          world.held.set(spell(value), { key: `["other ${value}"]`, isOurs: false });
        for (const wish of wishes) world.wishes.set(wish.key, wish);
        const shuffled = wishes
          .map((wish) => ({ wish, at: dice.next().value }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ wish }) => wish.key);
        const size = 1 + (dice.next().value % 4);
        for (let start = 0; start < shuffled.length; start += size)
          world.bringIn(shuffled.slice(start, start + size));
        const ours = Object.fromEntries(
          Object.entries(world.values()).filter(([key]) => !key.includes('other')),
        );
        expect(ours).toEqual(fair(wishes, new Set(others.map(spell))));
      },
    ),
    { numRuns: 500 },
  );
});

it('lets a lower key take what a higher one holds, and a higher one not', () => {
  const held = new Map<string, HeldBy>([[spell('x'), { key: keyOf(10), isOurs: true }]]);
  const options = {
    holderOf: (value: unknown) => held.get(spell(value as string)) ?? null,
    immovable: nobodyIsImmovable,
  };
  const lower = assign([{ key: keyOf(9), values: ['x', 'y'] }], options);
  expect([lower.displaced, lower.taken.get(keyOf(9))?.value]).toEqual([[keyOf(10)], 'x']);
  const higher = assign([{ key: keyOf(11), values: ['x', 'y'] }], options);
  expect([higher.displaced, higher.taken.get(keyOf(11))]).toEqual([
    [],
    { value: 'y', beatenBy: [keyOf(10)], isBeaten: true },
  ]);
});

it('leaves rows of others, and who can not move, where they are', () => {
  const holder: HeldBy = { key: keyOf(10), isOurs: false };
  const wish = [{ key: keyOf(1), values: ['x', 'y'] }];
  const holderOf = (value: unknown) => (value === 'x' ? holder : null);
  expect(assign(wish, { holderOf, immovable: nobodyIsImmovable }).taken.get(keyOf(1))).toEqual({
    value: 'y',
    beatenBy: [],
    isBeaten: true,
  });
  const ours = (value: unknown) => (value === 'x' ? { ...holder, isOurs: true } : null);
  expect(assign(wish, { holderOf: ours, immovable: new Set([keyOf(10)]) }).taken.get(keyOf(1))).toMatchObject(
    {
      value: 'y',
      beatenBy: [keyOf(10)],
    },
  );
});

it('asks for holders that are not known, and gives a row without any value left its first', () => {
  const wish = [{ key: keyOf(1), values: ['x'] }];
  expect(assign(wish, { holderOf: () => undefined, immovable: nobodyIsImmovable })).toMatchObject({
    unknown: [{ key: keyOf(1), value: 'x' }],
  });
  const others = { key: keyOf(2), isOurs: false };
  const refused = assign(wish, { holderOf: () => others, immovable: nobodyIsImmovable });
  expect(refused.taken.get(keyOf(1))).toMatchObject({ value: 'x', isBeaten: true });
});

it('orders keys by their parts: integers by value, the rest by spelling', () => {
  const keys = ['["10"]', '["9"]', '["a","2"]', '["a","10"]', '["-1"]'];
  expect(keys.toSorted(compareKeys)).toEqual(['["-1"]', '["9"]', '["10"]', '["a","2"]', '["a","10"]']);
});
