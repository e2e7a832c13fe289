import { LockstepError } from '../../../../../protocol/errors/lockstep-error.ts';
import { formatName, type TableName } from '../../../names.ts';
import type { PlannedStatement } from '../publication/plan-publication.ts';
import type { Slot } from '../slot/slot-state.ts';

export const slotForeign = (slot: string, { plugin, database }: Slot): LockstepError =>
  new LockstepError('postgres-slot-foreign', { slot, owner: `${database || 'no database'}, ${plugin}` });

export const slotInUse = (slot: string, pid: number | null): LockstepError =>
  new LockstepError('postgres-slot-in-use', { slot, pid: pid ?? '?' });

export const publicationGone = (publication: string): LockstepError =>
  new LockstepError('postgres-publication-gone', { publication });

export const publicationDenied = (
  user: string,
  tables: readonly TableName[],
  statements: readonly PlannedStatement[],
): LockstepError =>
  new LockstepError('postgres-publication-denied', {
    user,
    tables: tables.map(formatName).join(', '),
    statements: statements.map(({ statement }) => `${statement};`).join(' '),
  });
