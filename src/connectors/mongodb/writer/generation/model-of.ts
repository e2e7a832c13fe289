import { LockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import type { Target } from '../../../../protocol/writer.ts';
import type { TargetModel } from '../model.ts';
import { MongodbTarget } from '../target.ts';

export function modelOf(target: Target): TargetModel {
  if (target instanceof MongodbTarget) return target.model;
  const detail = `the target ${target.plan.target} was opened by another writer`;
  throw new LockstepError('internal', { detail });
}
