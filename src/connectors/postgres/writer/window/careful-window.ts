import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import { KeyMover } from '../move/key-mover.ts';
import { SparedLeavings } from '../move/spared-leavings.ts';
import { savePosition } from '../state/fence.sql.ts';
import { sessionTag } from '../state/session-tag.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { release } from '../together/release.ts';
import { keepInserted, nullableReferences, vacateAll } from '../together/vacate-all.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { inSomeOrder, type Step } from '../write/in-some-order.ts';
import { type OrderedPart, ordersOf, type RekeySteps } from '../write/orders.ts';
import { type StagedChanges, stageChanges } from '../write/staged-changes.ts';
import { MovedOutcomes } from './moved-outcomes.ts';
import { splitMarks } from './split-marks.ts';
import { parentsFirst, sparedOrdinals, type WindowPart } from './window-part.ts';
import { noteMarks, readPosition } from './window-state.sql.ts';

export interface CarefulRequest {
  readonly window: WindowWrite;
  readonly parts: readonly WindowPart[];
  readonly options: WriteOptions;
  /** Why the usual order did not do; null: it was not tried. */
  readonly refusal: LockstepError | null;
}

/**
 * A window of changes that block each other, or that need a temporary table: staged first, then done in one order after the other until
 * one goes through. Throws what the first of them was refused for; nothing is written then.
 */
export async function applyCarefully(destination: Destination, request: CarefulRequest): Promise<void> {
  const { signal } = request.options;
  await writeTransaction(destination, request.options, async (session) => {
    const parts: StagedPart[] = [];
    const isOnce = await isNewToState(session, destination, request);
    for (const [index, part] of parentsFirst(request.parts).entries())
      parts.push(await stagePart(session, part, { suffix: `_${index}`, isOnce, signal }));
    for (const { steps } of parts) await steps.findClashes();
    await inSomeOrder(session, attemptsOf(session, parts, request), signal);
    await saveState(session, destination, request);
    reach('destination.window.before-commit');
  });
  reach('destination.window.after-commit');
}

interface StagedPart extends WindowPart {
  readonly staged: StagedChanges;
  readonly steps: ChangeSteps;
  readonly indexes: readonly UniqueIndex[];
  readonly mover: KeyMover;
}

async function stagePart(
  session: Session,
  part: WindowPart,
  {
    suffix,
    isOnce,
    signal,
  }: { readonly suffix: string; readonly isOnce: boolean; readonly signal: AbortSignal },
): Promise<StagedPart> {
  const { model, changes, moves, outcomes } = part;
  const staged = await stageChanges(session, { model, changes, signal, suffix });
  const ordinals = sparedOrdinals(part);
  const sparing = await SparedLeavings.open(session, { model, ordinals, signal });
  const steps = new ChangeSteps({ session, model, staged, outcomes, signal, sparing });
  const key = model.key.map(({ name }) => name);
  const { table, columns } = model;
  const indexes = await readUniqueIndexes(session, { table, columns, key, signal });
  const mover = await KeyMover.open(session, { model, moves, isOnce, suffix, signal });
  return { ...part, staged, steps, indexes, mover };
}

/**
 * The window was not written by an attempt whose answer was lost. Without the shard's own position nobody can tell: what a lane noted is of a
 * window that may be cut in another way when it comes again.
 */
async function isNewToState(
  session: Session,
  { layout }: Destination,
  { window: { position }, parts, options: { lease, signal } }: CarefulRequest,
): Promise<boolean> {
  if (position === null || position.lane > 0 || parts.every(({ moves }) => moves.length === 0)) return false;
  const values = [lease.pipeline, position.shard, position.lane];
  const { rows } = await session.query<{ position: string | null }>(readPosition(layout), values, { signal });
  return rows[0]?.position !== position.at;
}

/** What is deferrable shows at the end of each attempt. The first order is left out when it was tried already. */
function attemptsOf(
  session: Session,
  parts: readonly StagedPart[],
  { refusal, options: { signal } }: CarefulRequest,
): readonly (readonly Step[])[] {
  const tables = parts.map(({ model }) => model.table);
  const begin: Step = async () => {
    for (const { outcomes } of parts) outcomes.forgetWrites();
    await session.execute('SET CONSTRAINTS ALL DEFERRED', { signal });
  };
  const end: Step = async () => {
    await session.execute('SET CONSTRAINTS ALL IMMEDIATE', { signal });
    for (const { outcomes } of parts) throwFailure(outcomes.failure());
  };
  const ordered = parts.map((part): OrderedPart => {
    const { model, staged, indexes, steps, outcomes, moves } = part;
    const moved = new MovedOutcomes(part);
    return {
      ...(moves.length === 0 ? {} : { rekey: rekeySteps(part, moved) }),
      update: keepInserted(outcomes, steps.update),
      insert: steps.insert,
      bareInsert: () => steps.insertWith(nullableReferences(model, tables)),
      leave: async () => {
        await steps.leave();
        moved.settle();
      },
      giveUp: () => vacateAll(session, { model, staged, indexes, signal }),
      letGo: () => release(session, { model, upserts: staged.upserts, tables, signal }),
    };
  });
  return ordersOf(ordered, { begin, end }).slice(refusal === null ? 0 : 1);
}

function rekeySteps({ mover, staged, model }: StagedPart, moved: MovedOutcomes): RekeySteps {
  const move: Step = async () => moved.note(await mover.move());
  const bringOver: Step = async () =>
    moved.note({ moved: await mover.bringOver(staged.upserts), displacing: [] });
  return { move, bringOver: model.table.referencedBy.length > 0 ? bringOver : move };
}

function throwFailure(error: LockstepError | null): void {
  if (error !== null) throw error;
}

async function saveState(
  session: Session,
  { layout }: Destination,
  { window, options: { lease, signal } }: CarefulRequest,
): Promise<void> {
  const { position, marks, newestLetter } = window;
  const { pipeline, fence } = lease;
  if (position !== null) {
    const values = [pipeline, position.shard, position.lane, fence, position.at];
    await session.query(savePosition(layout), values, { signal });
  }
  const { set, gone } = splitMarks(marks);
  const values = [pipeline, fence, sessionTag(pipeline, fence), JSON.stringify(set), gone, newestLetter];
  await session.query(noteMarks(layout), values, { signal });
}
