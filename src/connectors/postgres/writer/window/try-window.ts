import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { readUniqueIndexes } from '../model/unique-index.ts';
import { KeyMover } from '../move/key-mover.ts';
import { SparedLeavings } from '../move/spared-leavings.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { nullableReferences } from '../together/vacate-all.ts';
import { stageChanges } from '../write/staged-changes.ts';
import { type TrialFacts, TrialPart } from './trial-part.ts';
import { Trials } from './trials.ts';
import { parentsFirst, partsOf, sparedOrdinals, type WindowPart } from './window-part.ts';
import { windowSettings } from './window-state.sql.ts';

/** A chain of changes that depend on each other may need one round each; the engine asks again for what is left then. */
const mostRounds = 20;

/** Ends a transaction that was for trying only. */
class TakenBack extends Error {}

/**
 * Which changes of a window are refused. All of them are tried, step by step, what is refused is found by halves and left out; then all
 * others are tried again without it, until none is refused: what was only possible beside a refused change is refused too.
 */
export async function tryWindow(
  destination: Destination,
  { parts: given }: Pick<WindowWrite, 'parts'>,
  options: WriteOptions,
): Promise<readonly (readonly Outcome[])[]> {
  const parts = partsOf(given);
  const trial = new Map<WindowPart, TrialPart>();
  try {
    await writeTransaction(destination, options, async (session) => {
      await session.execute(localSettings, options);
      const sorted = parentsFirst(parts);
      const tables = sorted.map(({ model }) => model.table);
      for (const [index, part] of sorted.entries()) {
        const suffix = `_${index}`;
        const facts = await factsOf(session, part, { suffix, tables, signal: options.signal });
        trial.set(part, new TrialPart(part, facts));
      }
      await tryRounds(session, [...trial.values()], options);
      throw new TakenBack();
    });
  } catch (thrown) {
    if (!(thrown instanceof TakenBack)) throw thrown;
  }
  const rest = [...parts];
  return given.map(({ changes }) => {
    const part = changes.length === 0 ? undefined : rest.shift();
    return part === undefined ? [] : (trial.get(part)?.outcomes() ?? []);
  });
}

/** What is deferrable must show where it can be told whose fault it is. */
const localSettings = `${windowSettings.replaceAll('SET ', 'SET LOCAL ')}; SET CONSTRAINTS ALL IMMEDIATE`;

interface FactsRequest {
  /** Of temporary tables' names. */
  readonly suffix: string;
  readonly tables: readonly TableName[];
  readonly signal: AbortSignal;
}

async function factsOf(
  session: Session,
  part: WindowPart,
  { suffix, tables, signal }: FactsRequest,
): Promise<TrialFacts> {
  const { model, moves } = part;
  const { table, columns } = model;
  const key = model.key.map(({ name }) => name);
  const indexes = await readUniqueIndexes(session, { table, columns, key, signal });
  const bare = nullableReferences(model, tables);
  // Whatever it does is taken back.
  const mover = await KeyMover.open(session, { model, moves, isOnce: true, suffix, signal });
  const moving = await stageMoving(session, part, { suffix, signal });
  const sparing = await SparedLeavings.open(session, { model, ordinals: sparedOrdinals(part), signal });
  return { indexes, mover, moving, sparing, bare, signal };
}

/** Only rows that others refer to may have to stand under two keys for a moment. */
async function stageMoving(
  session: Session,
  { model, changes, moves }: WindowPart,
  options: Pick<FactsRequest, 'suffix' | 'signal'>,
): Promise<Stage | null> {
  if (moves.length === 0 || model.table.referencedBy.length === 0) return null;
  const keys = new Set(moves.map(({ to }) => to));
  const rows = changes.filter(({ kind, key }) => kind === 'upsert' && keys.has(key));
  return (await stageChanges(session, { model, changes: rows, ...options })).upserts;
}

async function tryRounds(
  session: Session,
  parts: readonly TrialPart[],
  { signal }: WriteOptions,
): Promise<void> {
  const trials = new Trials(session, signal);
  for (let round = 0; round < mostRounds; round += 1) {
    await trials.begin();
    const before = countFailed(parts);
    for (const part of parts) part.restart();
    for (const part of parts) await part.look(trials);
    for (const part of parts) await part.evaluate(trials);
    for (const part of parts) await part.findBlocked(trials);
    for (const part of parts) await part.vacate(trials);
    for (const part of parts) await part.move(trials);
    for (const part of parts) await part.insert(trials);
    for (const part of parts) await part.update(trials);
    for (const part of parts.toReversed()) await part.leave(trials);
    await trials.takeBack();
    if (countFailed(parts) === before) return;
  }
}

const countFailed = (parts: readonly TrialPart[]): number =>
  parts.reduce((count, { failures }) => count + failures.size, 0);
