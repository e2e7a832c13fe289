import type { MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { type Adopted, adoptFormer, replaceMigratedMemberships } from './adopt.ts';
import { restoreMarks } from './restore-marks.ts';
import type { Source } from './source.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface Prepared extends Adopted {
  readonly replaced: number;
  readonly restored: number;
}

/** Puts right what others left: before every start and every pass that somebody asks for. A repeat finds nothing to do. */
export async function prepareFeatBit(
  featbit: MongodbDatabase,
  { source, placement }: { readonly source: Source; readonly placement: Placement },
  options: SignalOption,
): Promise<Prepared> {
  await makeIndexes(featbit, placement, options);
  const adopted = placement.hasMembers ? await adoptFormer(featbit, source, options) : nobody;
  const replaced = await replaceMigratedMemberships(featbit, placement, options);
  const { restored } = await restoreMarks(featbit, placement, options);
  return { ...adopted, replaced, restored };
}

const nobody: Adopted = { corrected: 0, passwordsTaken: 0 };

/** Of Users only ours are in it, so that it never stands in FeatBit's own way. */
export const emailIndex = 'lockstep_email';

async function makeIndexes(
  featbit: MongodbDatabase,
  { hasMembers }: Placement,
  options: SignalOption,
): Promise<void> {
  await featbit.command(
    {
      createIndexes: 'lockstep_featbit_users',
      indexes: [
        ...['userId', 'endUserId'].map((field) => ({ key: { [field]: 1 }, name: field })),
        { key: { former: 1 }, name: 'former', partialFilterExpression: { former: true } },
      ],
    },
    options,
  );
  if (!hasMembers) return;
  const ours = { unique: true, partialFilterExpression: { lockstep: true } };
  await featbit.command(
    { createIndexes: 'Users', indexes: [{ key: { email: 1 }, name: emailIndex, ...ours }] },
    options,
  );
}
