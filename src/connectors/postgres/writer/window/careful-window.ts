import type { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { WindowWrite, WriteOptions } from '../../../../protocol/writer.ts';
import type { TableName } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { updatable } from '../model/target-model.ts';
import { readUniqueIndexes, type UniqueIndex } from '../model/unique-index.ts';
import { savePosition } from '../state/fence.sql.ts';
import { sessionTag } from '../state/session-tag.ts';
import { writeTransaction } from '../state/write-transaction.ts';
import { releaseReferences } from '../together/vacate.sql.ts';
import { keepInserted, nullableReferences, vacateAll } from '../together/vacate-all.ts';
import { ChangeSteps } from '../write/change-steps.ts';
import { inSomeOrder, type Step } from '../write/in-some-order.ts';
import { type StagedChanges, stageChanges } from '../write/staged-changes.ts';
import { splitMarks } from './split-marks.ts';
import { parentsFirst, type WindowPart } from './window-part.ts';
import { noteMarks } from './window-state.sql.ts';

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
    for (const [index, part] of parentsFirst(request.parts).entries())
      parts.push(await stagePart(session, part, { suffix: `_${index}`, signal }));
    for (const { steps } of parts) await steps.findClashes();
    await inSomeOrder(session, ordersOf(session, parts, request), signal);
    await saveState(session, destination, request);
    reach('destination.window.before-commit');
  });
  reach('destination.window.after-commit');
}

interface StagedPart extends WindowPart {
  readonly staged: StagedChanges;
  readonly steps: ChangeSteps;
  readonly indexes: readonly UniqueIndex[];
}

async function stagePart(
  session: Session,
  part: WindowPart,
  { suffix, signal }: { readonly suffix: string; readonly signal: AbortSignal },
): Promise<StagedPart> {
  const { model, changes, outcomes } = part;
  const staged = await stageChanges(session, { model, changes, signal, suffix });
  const steps = new ChangeSteps({ session, model, staged, outcomes, signal });
  const key = model.key.map(({ name }) => name);
  const { table, columns } = model;
  const indexes = await readUniqueIndexes(session, { table, columns, key, signal });
  return { ...part, staged, steps, indexes };
}

/** Parts come parents first. What is deferrable shows at the end of each attempt, while another order can still be tried. */
function ordersOf(
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
  const giveUp: readonly Step[] = parts.map(
    ({ model, staged, indexes }) =>
      () =>
        vacateAll(session, { model, staged, indexes, signal }),
  );
  const letGo = parts.map(
    (part): Step =>
      () =>
        release(session, part, { tables, signal }),
  );
  const updates = parts.map(({ steps, outcomes }) => keepInserted(outcomes, steps.update));
  const inserts = parts.map(({ steps }) => steps.insert);
  const bareInserts = parts.map(
    ({ model, steps }): Step =>
      () =>
        steps.insertWith(nullableReferences(model, tables)),
  );
  const leaves = parts.map(({ steps }) => steps.leave).toReversed();
  const each = inserts.flatMap((insert, index) => [insert, updates[index] ?? insert]);
  const orders = [
    [...updates, ...inserts, ...leaves],
    [...leaves, ...updates, ...inserts],
    [...giveUp, ...each, ...leaves],
    [...giveUp, ...bareInserts, ...updates, ...leaves],
    [...leaves, ...giveUp, ...bareInserts, ...updates],
    [...letGo, ...giveUp, ...bareInserts, ...updates, ...leaves],
    [...letGo, ...leaves, ...giveUp, ...bareInserts, ...updates],
  ];
  return orders.slice(refusal === null ? 0 : 1).map((steps) => [begin, ...steps, end]);
}

/** A unique value that is referred to can't move while it is. */
async function release(
  session: Session,
  { model, staged }: StagedPart,
  { tables, signal }: { readonly tables: readonly TableName[]; readonly signal: AbortSignal },
): Promise<void> {
  const names = nullableReferences(model, tables);
  const columns = updatable(model).filter(({ name }) => names.has(name));
  if (staged.upserts === null || columns.length === 0) return;
  const statement = releaseReferences(model, staged.upserts, columns);
  await session.execute(statement, { signal, collection: model.collection });
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
