import type { ClientSession } from 'mongodb';
import type { PipelineName } from '../../protocol/names.ts';
import type { Collections, Numbered } from './names.ts';

/**
 * Part of a fenced transaction: the next `count` numbers of a pipeline, of which the first is returned. They are kept with the lease, whose
 * document the transaction has written anyway, and are never given twice, also when the pipeline is removed.
 */
export async function nextNumber(
  leases: Collections['leases'],
  { pipeline, of, count, session }: NumbersWanted,
): Promise<number> {
  const after = await leases.findOneAndUpdate(
    { _id: pipeline },
    { $inc: { [`numbers.${of}`]: count } },
    { session, returnDocument: 'after', projection: { numbers: 1 } },
  );
  const last = after?.numbers?.[of];
  if (last === undefined) throw new TypeError(`the lease of ${pipeline} has no numbers`);
  return last - count + 1;
}

export interface NumbersWanted {
  readonly pipeline: PipelineName;
  readonly of: Numbered;
  readonly count: number;
  readonly session: ClientSession;
}
