import type { MongodbDatabase } from '../../../index.ts';
import type { Placement } from '../mapping/ids.ts';
import { correctTextIds, replaceMigratedMemberships, takeKnownPasswords } from './adopt.ts';
import { restoreMarks } from './restore-marks.ts';
import type { Source } from './source.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

export interface Prepared {
  readonly corrected: number;
  readonly passwordsTaken: number;
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
  const corrected = placement.hasMembers ? await correctTextIds(featbit, source, options) : 0;
  const passwordsTaken = placement.hasMembers ? await takeKnownPasswords(featbit, source, options) : 0;
  const replaced = await replaceMigratedMemberships(featbit, placement, options);
  const { restored } = await restoreMarks(featbit, placement, options);
  return { corrected, passwordsTaken, replaced, restored };
}

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
      indexes: ['userId', 'endUserId'].map((field) => ({ key: { [field]: 1 }, name: field })),
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
