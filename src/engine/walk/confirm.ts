import { type LockstepError, toLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { Key, Position } from '../../protocol/names.ts';
import type { Row } from '../../protocol/value.ts';
import type { Target } from '../../protocol/writer.ts';
import { chooseAlternatives, hasAlternatives } from '../alternatives/choose.ts';
import type { CollectionWork } from './collection-work.ts';
import { mapChunk } from './map-rows.ts';

/** What is true of some keys now, by reading both sides again: suspects are only suspects. */
export interface Confirmed {
  /** Rows that belong and are not in the target. */
  readonly missing: readonly KeyedRow[];
  /** Rows that belong and are stored otherwise. */
  readonly different: readonly KeyedRow[];
  /** Rows that belong and whose key a stranger's row holds. */
  readonly clashes: readonly Key[];
  /** Keys in the target that do not belong (any more): absence is proved, not assumed. */
  readonly extra: readonly Key[];
  /** Keys that need nothing. */
  readonly equal: readonly Key[];
  /** Rows that are too large to be read, that the mapping function can't map, or with values that the destination can't even take for a comparison. */
  readonly unmappable: readonly { readonly key: Key; readonly error: LockstepError }[];
  /** Rows besides that hold a value which one of the missing or different ones has more right to: they are to be written with these. */
  readonly giving: readonly KeyedRow[];
  /** Of missing, different and giving rows, those that got another value than their first → rows of ours that are why. */
  readonly beaten: ReadonlyMap<Key, readonly Key[]>;
}

export interface KeyedRow {
  readonly key: Key;
  readonly row: Row;
}

/** Reads these keys again at the source, then asks the target what it makes of them. At most a few hundred at once. */
export async function confirm(
  work: CollectionWork,
  keys: readonly Key[],
  signal: AbortSignal,
): Promise<Confirmed> {
  const { rows, unmappable, absent } = await readExpected(work, keys, { signal });
  const judged = await judgeSplitting(work.target, rows, signal);
  const settled = hasAlternatives(work)
    ? await settle(work, { rows, judged, signal })
    : unsettled(rows, judged);
  const { verdicts, refused, giving, beaten } = settled;
  const having = (verdict: Verdict) => settled.rows.filter(({ key }) => verdicts.get(key) === verdict);
  const present = absent.length === 0 ? new Set<Key>() : await work.target.present(absent, { signal });
  return {
    missing: having('missing'),
    different: having('different'),
    clashes: having('clash').map(({ key }) => key),
    extra: absent.filter((key) => present.has(key)),
    equal: [...having('same').map(({ key }) => key), ...absent.filter((key) => !present.has(key))],
    unmappable: [...unmappable, ...refused],
    giving,
    beaten,
  };
}

interface Settled extends Judged, Pick<Confirmed, 'giving' | 'beaten'> {
  readonly rows: readonly KeyedRow[];
}

const unsettled = (rows: readonly KeyedRow[], judged: Judged): Settled => ({
  ...judged,
  rows,
  giving: [],
  beaten: new Map(),
});

/** A row that differs may only have had to take another value: with what it is to have now it is judged once more. */
async function settle(
  work: CollectionWork,
  { rows, judged, signal }: { rows: readonly KeyedRow[]; judged: Judged; signal: AbortSignal },
): Promise<Settled> {
  const open = rows.filter(({ key }) => isOpen(judged.verdicts.get(key)));
  if (open.length === 0) return unsettled(rows, judged);
  const chosen = await chooseAlternatives(
    work,
    open,
    async (keys) => (await readExpected(work, keys, { signal })).rows,
  );
  const byKey = new Map(chosen.rows.map((each) => [each.key, each.row]));
  const others = open.flatMap(({ key, row }) => {
    const chosenRow = byKey.get(key) ?? row;
    return chosenRow === row ? [] : [{ key, row: chosenRow }];
  });
  const again = await judgeSplitting(work.target, others, signal);
  return {
    rows: rows.map(({ key, row }) => ({ key, row: byKey.get(key) ?? row })),
    verdicts: new Map([...judged.verdicts, ...again.verdicts]),
    refused: [...judged.refused, ...again.refused],
    giving: chosen.giving,
    beaten: chosen.beaten,
  };
}

const isOpen = (verdict: Verdict | undefined): boolean => verdict === 'missing' || verdict === 'different';

type Verdict = Awaited<ReturnType<Target['judge']>>[number];

interface Judged {
  readonly verdicts: ReadonlyMap<Key, Verdict>;
  readonly refused: Confirmed['unmappable'];
}

/** One row that can't be taken must not keep the others from being judged: halves, until it stands alone. */
async function judgeSplitting(
  target: Target,
  rows: readonly KeyedRow[],
  signal: AbortSignal,
): Promise<Judged> {
  const [only] = rows;
  if (only === undefined) return { verdicts: new Map(), refused: [] };
  try {
    const verdicts = await target.judge(
      rows.map(({ row }) => row),
      { signal },
    );
    return {
      verdicts: new Map(rows.map(({ key }, index) => [key, verdicts[index] ?? 'missing'])),
      refused: [],
    };
  } catch (thrown) {
    const error = toLockstepError(thrown);
    if (error.class !== 'change') throw thrown;
    if (rows.length === 1) return { verdicts: new Map(), refused: [{ key: only.key, error }] };
  }
  const middle = rows.length >> 1;
  const first = await judgeSplitting(target, rows.slice(0, middle), signal);
  const second = await judgeSplitting(target, rows.slice(middle), signal);
  return {
    verdicts: new Map([...first.verdicts, ...second.verdicts]),
    refused: [...first.refused, ...second.refused],
  };
}

export interface Expected {
  readonly rows: readonly KeyedRow[];
  readonly unmappable: Confirmed['unmappable'];
  readonly absent: readonly Key[];
}

export interface ExpectedOptions {
  readonly signal: AbortSignal;
  /** Transactions of the source that must be seen. */
  readonly shows?: readonly string[];
  /** See `ReadSnapshot.lookup`. */
  readonly through?: (position: Position) => void;
}

/** What the target should hold for these keys, by the newest state of the source. */
export async function readExpected(
  work: CollectionWork,
  keys: readonly Key[],
  options: ExpectedOptions,
): Promise<Expected> {
  const { plan, source, target, context } = work;
  const { found, refused } = await lookupSplitting(work, keys, options);
  const read = keys.map((key) => found.get(key) ?? null).filter((row) => row !== null);
  const { chunk, failures } = mapChunk(plan, { format: 'rows', rows: read, backing: null });
  // Two spellings of one key (1.0 and 1.00) find the same row: it is taken once, under its own spelling.
  const rows = new Map(chunk.rows.map((row) => [target.keyOf(row), row]));
  const unmappable = [
    ...refused,
    ...failures.map(({ source: row, error }) => ({
      key: context.reader.keyOf(row, source),
      error,
    })),
  ];
  const mapped = new Set([...rows.keys(), ...unmappable.map(({ key }) => key)]);
  const absent = keys.filter((key) => !mapped.has(key) && isAbsent(work, found.get(key) ?? null));
  return { rows: [...rows].map(([key, row]) => ({ key, row })), unmappable, absent };
}

/** One row that can't be read must not keep the others from being found: halves, until it stands alone. */
async function lookupSplitting(
  work: CollectionWork,
  keys: readonly Key[],
  options: ExpectedOptions,
): Promise<{ found: ReadonlyMap<Key, Row | null>; refused: Confirmed['unmappable'] }> {
  const { plan, moment, source, lookupAt } = work;
  try {
    const found = await moment.read(options.signal, (snapshot) =>
      snapshot.lookup(plan.source, keys, { ...source, notBefore: null, at: lookupAt, ...options }),
    );
    return { found, refused: [] };
  } catch (thrown) {
    const error = toLockstepError(thrown);
    const [only] = keys;
    if (error.class !== 'change' || only === undefined) throw thrown;
    if (keys.length === 1) return { found: new Map(), refused: [{ key: only, error }] };
  }
  const middle = keys.length >> 1;
  const first = await lookupSplitting(work, keys.slice(0, middle), options);
  const second = await lookupSplitting(work, keys.slice(middle), options);
  return {
    found: new Map([...first.found, ...second.found]),
    refused: [...first.refused, ...second.refused],
  };
}

/** Not at the source, or mapped to null: it does not belong. A row that was found under another spelling does. */
function isAbsent(work: CollectionWork, row: Row | null): boolean {
  if (row === null) return true;
  const { chunk, failures } = mapChunk(work.plan, { format: 'rows', rows: [row], backing: null });
  return chunk.rows.length === 0 && failures.length === 0;
}
