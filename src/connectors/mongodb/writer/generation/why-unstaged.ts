import { wholeDocuments } from '../form/row-form.ts';
import type { TargetModel } from '../model.ts';

/**
 * Null: its differences can be put aside. Whole documents can, whose keys need not be kept: fields that are set beside others would need patches,
 * and patches their own inverse.
 */
export function whyUnstaged({ form, owned }: Pick<TargetModel, 'form' | 'owned'>): string | null {
  if (form !== wholeDocuments) return 'only some fields of its documents are written (`columns`)';
  return owned === null
    ? null
    : 'documents of others may be in it, and which are ours is kept by key (`scope`)';
}
