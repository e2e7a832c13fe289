import type { Key } from '../../../../protocol/names.ts';
import { decodeKey } from '../../key.ts';
import type { Session } from '../../session/session.ts';
import type { TargetModel } from '../model/target-model.ts';
import { fillKeys } from './keys.sql.ts';
import { createStage, type Stage, stageOf } from './stage.sql.ts';

export interface NumberedKey {
  readonly key: Key;
  readonly ordinal: number;
}

/** The parameters that `keyRows` wants. */
export function keyValues(model: TargetModel, keys: readonly NumberedKey[]): unknown[] {
  const parts = keys.map(({ key }) => decodeKey(key));
  return [
    keys.map(({ ordinal }) => ordinal),
    ...model.key.map((_, index) => parts.map((part) => part[index] ?? null)),
  ];
}

/** Keys into a temporary table of their own. */
export async function stageKeys(
  session: Session,
  request: {
    readonly model: TargetModel;
    readonly name: string;
    readonly keys: readonly NumberedKey[];
    readonly signal: AbortSignal;
  },
): Promise<Stage> {
  const { model, name, keys, signal } = request;
  const stage = stageOf(name, model.key);
  const options = { signal, collection: model.collection };
  await session.execute(createStage(model, stage), options);
  await session.query(fillKeys(model, stage), keyValues(model, keys), options);
  return stage;
}
