import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Judgement } from '../../../src/engine/alerts/rule.ts';
import { type AlertState, alertStateSchema, nextStep } from '../../../src/engine/alerts/state.ts';

const forMs = 30_000;
const settleMs = 60_000;
const everyMs = 5_000;

type Word = 'bad' | 'good' | 'unknown';

const judgements: Readonly<Record<Word, Judgement>> = {
  bad: { kind: 'bad', text: 'it is bad', atOnce: false },
  good: { kind: 'good' },
  unknown: null,
};

interface Told {
  readonly told: 'firing' | 'resolved';
  readonly atMs: number;
}

/** Looks at these judgements, one every five seconds; a restart in between keeps nothing but what was saved. */
function follow(
  words: readonly Word[],
  settings = { forMs, settleMs },
  restarts: ReadonlySet<number> = new Set(),
) {
  let state: AlertState | null = null;
  const told: Told[] = [];
  for (const [index, word] of words.entries()) {
    const nowMs = 1_000_000 + index * everyMs;
    if (restarts.has(index) && state !== null)
      state = alertStateSchema.parse(JSON.parse(JSON.stringify(state)));
    const step = nextStep(state, judgements[word], { nowMs, ...settings });
    state = step.state;
    if (step.told !== null) told.push({ told: step.told, atMs: nowMs - 1_000_000 });
  }
  return { state: state === null ? 'none' : (state as AlertState).kind, told };
}

const times = (count: number, word: Word): readonly Word[] => Array.from({ length: count }, () => word);

test('it is told once it has held for long enough, and once it has been good for long enough', () => {
  expect(follow([...times(6, 'bad')])).toEqual({ state: 'pending', told: [] });
  expect(follow([...times(30, 'bad')])).toEqual({
    state: 'firing',
    told: [{ told: 'firing', atMs: 30_000 }],
  });
  expect(follow([...times(10, 'bad'), ...times(12, 'good')])).toMatchObject({
    state: 'settling',
    told: [{}],
  });
  expect(follow([...times(10, 'bad'), ...times(13, 'good')])).toEqual({
    state: 'none',
    told: [
      { told: 'firing', atMs: 30_000 },
      { told: 'resolved', atMs: 110_000 },
    ],
  });
});

test('what is over before it held long enough is never told', () => {
  const flicker = Array.from({ length: 40 }, () => [...times(5, 'bad'), 'good' as const]).flat();
  expect(follow(flicker).told).toEqual([]);
});

test('what comes and goes after it was told is told once', () => {
  const flapping = Array.from({ length: 40 }, () => [...times(8, 'bad'), ...times(8, 'good')]).flat();
  expect(follow(flapping).told).toEqual([{ told: 'firing', atMs: 30_000 }]);
});

test('not knowing neither fires nor resolves', () => {
  expect(follow([...times(3, 'bad'), ...times(100, 'unknown')])).toMatchObject({
    state: 'pending',
    told: [],
  });
  expect(follow([...times(10, 'bad'), ...times(100, 'unknown')])).toMatchObject({
    state: 'firing',
    told: [{}],
  });
  const settling = [...times(10, 'bad'), 'good' as const, ...times(100, 'unknown')];
  expect(follow(settling)).toMatchObject({ state: 'settling', told: [{}] });
});

test('what nobody will look at again is told at once', () => {
  const over = { kind: 'bad', text: 'it is bad', atOnce: true } as const;
  expect(nextStep(null, over, { nowMs: 0, forMs, settleMs }).told).toBe('firing');
});

test('what was bad before nobody looked for a minute begins anew', () => {
  const bad = judgements.bad;
  const first = nextStep(null, bad, { nowMs: 0, forMs, settleMs });
  expect(nextStep(first.state, bad, { nowMs: 3_600_000, forMs, settleMs })).toMatchObject({
    state: { kind: 'pending', sinceMs: 3_600_000 },
    told: null,
  });
});

test('a clock that is set back by an hour delays by what it has to hold, and no more', () => {
  const bad = judgements.bad;
  const first = nextStep(null, bad, { nowMs: 7_200_000, forMs, settleMs });
  const back = nextStep(first.state, bad, { nowMs: 3_600_000, forMs, settleMs });
  expect(back.state).toMatchObject({ kind: 'pending', sinceMs: 3_600_000 });
  expect(nextStep(back.state, bad, { nowMs: 3_600_000 + forMs, forMs, settleMs }).told).toBe('firing');
});

test('whatever comes: firing and resolved alternate, beginning with firing, and restarts change nothing', () => {
  const word = fc.constantFrom<Word>('bad', 'good', 'unknown');
  const settings = fc.record({ forMs: fc.nat(40_000), settleMs: fc.nat(40_000) });
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 120 }),
      settings,
      fc.uniqueArray(fc.nat(120)),
      (words, holds, cuts) => {
        const { told, state } = follow(words, holds);
        for (const [index, { told: each }] of told.entries())
          expect(each).toBe(index % 2 === 0 ? 'firing' : 'resolved');
        // As many begin as end, but for the one that is under way.
        const isOpen = state === 'firing' || state === 'settling';
        expect(told.length % 2 === 1).toBe(isOpen);
        expect(follow(words, holds, new Set(cuts))).toEqual({ told, state });
      },
    ),
    { numRuns: 500 },
  );
});
