import type { Change } from '../../../../protocol/change.ts';
import type { Row } from '../../../../protocol/value.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import type { Stage } from '../stage/stage.sql.ts';
import { type NumberedKey, stageKeys } from '../stage/stage-keys.ts';
import { stageRows } from '../stage/stage-rows.ts';
import { refuseRepeatedKeys } from './merge.ts';

/** Changes, sorted by what they do, in temporary tables; ordinals are places in the caller's list. */
export interface StagedChanges {
  readonly upserts: Stage | null;
  readonly patches: readonly StagedPatches[];
  readonly leaves: Stage | null;
}

/** Partial changes that name the same columns. */
export interface StagedPatches {
  readonly ordinals: readonly number[];
  readonly stage: Stage;
}

type Numbered<Kind extends Change['kind']> = {
  readonly ordinal: number;
  readonly change: Change & { kind: Kind };
};

export interface StageRequest {
  readonly model: TargetModel;
  readonly signal: AbortSignal;
  /** Of the temporary tables' names, where those of several targets stand side by side. */
  readonly suffix?: string;
}

export async function stageChanges(
  session: Session,
  request: StageRequest & { readonly changes: readonly Change[] },
): Promise<StagedChanges> {
  const { model, changes, signal, suffix = '' } = request;
  const upserts = numbered(changes, 'upsert');
  const leaves = numbered(changes, 'leave');
  return {
    upserts: upserts.length === 0 ? null : await stageUpserts(session, { model, upserts, signal, suffix }),
    patches: await stagePatches(session, { model, patches: numbered(changes, 'patch'), signal, suffix }),
    leaves:
      leaves.length === 0
        ? null
        : await stageKeys(session, {
            model,
            name: `lockstep_leaving${suffix}`,
            keys: keysOf(leaves),
            signal,
          }),
  };
}

async function stageUpserts(
  session: Session,
  request: StageRequest & { readonly upserts: readonly Numbered<'upsert'>[] },
): Promise<Stage> {
  const { model, upserts, signal, suffix = '' } = request;
  const stage = await stageRows(session, {
    model,
    name: `lockstep_stage${suffix}`,
    columns: model.columns.filter(({ generated }) => !generated),
    rows: upserts.map(({ ordinal, change }) => ({ ordinal, row: change.row })),
    signal,
  });
  await refuseRepeatedKeys(session, { model, stage, signal });
  return stage;
}

/** One stage per set of columns. */
async function stagePatches(
  session: Session,
  request: StageRequest & { readonly patches: readonly Numbered<'patch'>[] },
): Promise<readonly StagedPatches[]> {
  const { model, patches, signal, suffix = '' } = request;
  const groups = Map.groupBy(patches, ({ change }) => columnsOf(model, change.row).join(','));
  const staged: StagedPatches[] = [];
  for (const group of groups.values()) {
    const slots = new Set(columnsOf(model, group[0]?.change.row ?? {}));
    const name = `lockstep_patch_${staged.length}${suffix}`;
    const columns = model.columns.filter(({ slot }) => slots.has(slot));
    const stage = await stageRows(session, {
      model,
      name,
      columns,
      rows: group.map(({ ordinal, change }) => ({ ordinal, row: change.row })),
      keys: keysOf(group),
      signal,
    });
    staged.push({ ordinals: group.map(({ ordinal }) => ordinal), stage });
  }
  return staged;
}

/** Slots of the columns that a partial row names and that may be written; its key is found by the change's key. */
function columnsOf(model: TargetModel, row: Row): string[] {
  const key = new Set(model.key.map(({ name }) => name));
  return model.columns
    .filter(({ name, generated }) => !generated && !key.has(name) && Object.hasOwn(row, name))
    .map(({ slot }) => slot);
}

const keysOf = (changes: readonly { readonly ordinal: number; readonly change: Change }[]): NumberedKey[] =>
  changes.map(({ ordinal, change }) => ({ ordinal, key: change.key }));

function numbered<Kind extends Change['kind']>(changes: readonly Change[], kind: Kind): Numbered<Kind>[] {
  const isKind = (change: Change): change is Change & { kind: Kind } => change.kind === kind;
  return changes.flatMap((change, ordinal) => (isKind(change) ? [{ ordinal, change }] : []));
}
