import type { Outcome } from '../../../../protocol/outcome.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { nullableReferences } from '../together/vacate-all.ts';
import { TrialPart } from './trial-part.ts';
import { Trials } from './trials.ts';
import { parentsFirst, partsOf, type WindowPart } from './window-part.ts';
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
      for (const part of sorted) {
        const indexes = await indexesOf(session, part, options);
        const bare = nullableReferences(part.model, tables);
        trial.set(part, new TrialPart(part, { indexes, bare, signal: options.signal }));
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

function indexesOf(
  session: Session,
  { model }: WindowPart,
  { signal }: WriteOptions,
): Promise<readonly UniqueIndex[]> {
  const { table, columns } = model;
  return readUniqueIndexes(session, { table, columns, key: model.key.map(({ name }) => name), signal });
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
    for (const part of parts) await part.insert(trials);
    for (const part of parts) await part.update(trials);
    for (const part of parts.toReversed()) await part.leave(trials);
    await trials.takeBack();
    if (countFailed(parts) === before) return;
  }
}

const countFailed = (parts: readonly TrialPart[]): number =>
  parts.reduce((count, { failures }) => count + failures.size, 0);
