import fc from 'fast-check';
import type { SourceOptions, Write } from './source.ts';

export interface Setup extends SourceOptions {
  /** Its rows are read again, whatever the feed tells. */
  readonly isRead: boolean;
  /** Two rows can't have one value, and whoever comes second takes another. */
  readonly hasAlternatives: boolean;
  /** Rows of others are at the target too, so that positions follow by themselves. */
  readonly isShared: boolean;
  /** Changes after which a window takes no further transaction, and above which a transaction is written in pieces. */
  readonly windowChanges: number;
  readonly transactionChanges: number;
  /** What may wait, and above which a transaction is written in pieces. A change is a byte. */
  readonly readAheadBytes: number;
  readonly transactionBytes: number;
  /** The destination keeps how far the window reaches that is written in parts. */
  readonly keepsNotes: boolean;
  /** Once in so many writes the destination fails before it, and as often after it. */
  readonly failsOnceIn: number;
}

export type Step = { readonly after: number } & (
  | { readonly kind: 'commit'; readonly writes: readonly Write[] }
  /** A walk wants keys to be read again. */
  | { readonly kind: 'touch'; readonly keys: readonly string[] }
  /** A row of the destination is gone, which a walk finds. */
  | { readonly kind: 'lose'; readonly key: string }
  | { readonly kind: 'refuse'; readonly key: string; readonly times: number }
  | { readonly kind: 'reopen' }
);

export interface Script {
  readonly setup: Setup;
  /** Transactions from before the stream, of which a copy has brought some. */
  readonly before: readonly (readonly Write[])[];
  readonly steps: readonly Step[];
  /** What is left to chance: see `Turns`. */
  readonly choices: readonly number[];
}

const key = fc.nat(2).map(String);

const write: fc.Arbitrary<Write> = fc.record({
  key,
  removes: fc.nat(7).map((chance) => chance === 7),
  isWide: fc.nat(3).map((chance) => chance < 3),
  unique: fc.nat(1),
  told: fc.constantFrom('touch', 'touch', 'part', 'whole', 'silent'),
});

const transaction = fc.uniqueArray(write, { selector: (each) => each.key, minLength: 1, maxLength: 3 });
const after = fc.nat(4);

const commit = fc.record({ kind: fc.constant('commit'), after, writes: transaction });
const reopen = fc.record({ kind: fc.constant('reopen'), after });
const anything: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: commit },
  { weight: 2, arbitrary: reopen },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('touch'), after, keys: fc.uniqueArray(key, { minLength: 1 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose'), after, key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse'), after, key, times: fc.nat(3) }) },
);

/** No choice is as high. */
const never = 1_001;
const few = fc.integer({ min: 1, max: 4 });
const setup = {
  content: fc.constantFrom('rows', 'touches'),
  lags: fc.boolean(),
  says: fc.constantFrom('always', 'sometimes', 'never'),
  isRead: fc.boolean(),
  hasAlternatives: fc.boolean(),
  isShared: fc.boolean(),
  readAheadBytes: fc.constantFrom(2, 1_000_000),
  transactionBytes: fc.constantFrom(20, 1_000_000),
  keepsNotes: fc.boolean(),
  windowChanges: few,
  transactionChanges: few,
  failsOnceIn: fc.constant(never),
} as const;

/** Long ones are worth more than some of each length. */
const scriptOf = (
  narrowed: { readonly [Name in keyof Setup]?: fc.Arbitrary<Setup[Name]> },
  step: fc.Arbitrary<Step>,
): fc.Arbitrary<Script> =>
  fc.noBias(
    fc.record({
      setup: fc.record<Setup>({ ...setup, ...narrowed }),
      before: fc.array(transaction, { maxLength: 3 }),
      steps: fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }),
      choices: fc.array(fc.nat(999), { minLength: 10, maxLength: 80, size: 'max' }),
    }),
  );

export const scripts = {
  'whatever happens': scriptOf({}, anything),
  /** A row that gives way is read for the window of another, which nobody could know when the next one was read. */
  'while rows take values from each other': scriptOf(
    {
      content: fc.constant('touches'),
      hasAlternatives: fc.constant(true),
      windowChanges: fc.constant(1),
      transactionChanges: fc.constant(4),
    },
    commit,
  ),
  'while the destination fails again and again': scriptOf({ failsOnceIn: fc.constantFrom(2, 6) }, anything),
  /** What the feed tells again it may cut into other windows. */
  'while the feed is opened again and again': scriptOf(
    {
      hasAlternatives: fc.constant(false),
      transactionChanges: fc.constant(1),
      windowChanges: fc.constant(4),
    },
    fc.oneof({ weight: 4, arbitrary: commit }, { weight: 1, arbitrary: reopen }),
  ),
};

const whole = (key: string): Write => ({ key, removes: false, isWide: true, unique: 0, told: 'whole' });
const committed = (after: number, ...keys: readonly string[]): Step => ({
  kind: 'commit',
  after,
  writes: keys.map(whole),
});

/**
 * A window is at the destination in parts, or as a whole without anybody knowing, when the source is read anew; of what is told again a
 * transaction is torn, and what is whole before it is given out by itself although the window that was written reached further.
 */
export const tornAgain: Script = {
  setup: {
    content: 'rows',
    lags: false,
    says: 'always',
    isRead: false,
    hasAlternatives: false,
    isShared: false,
    readAheadBytes: 1_000_000,
    transactionBytes: 1_000_000,
    keepsNotes: true,
    windowChanges: 4,
    transactionChanges: 1,
    failsOnceIn: 2,
  },
  before: [[whole('0')], [whole('0')]],
  steps: [
    committed(2, '0'),
    committed(0, '0', '1'),
    ...Array.from({ length: 5 }, () => committed(0, '0')),
    { kind: 'reopen', after: 0 },
    ...Array.from({ length: 3 }, () => committed(0, '0')),
  ],
  choices: [67, 0, 105, 0, 471, 0, 0, 538, 0, 0, 0, 69, 0, 0, 257, 0, 0, 0, 0, 0, 0, 0, 613, 48],
};
