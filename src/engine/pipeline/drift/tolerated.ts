import type { PipelineSettings } from '../../../protocol/configuration.ts';
import type { ErrorCode } from '../../../protocol/errors/catalogue.ts';
import type { Finding } from '../../../protocol/finding.ts';
import type { DriftKind } from './shape-difference.ts';

const kinds: Readonly<Partial<Record<ErrorCode, DriftKind>>> = {
  'type-mismatch': 'typeChanged',
  'postgres-enum-labels': 'enumValueAdded',
};

/** What kind of drift such a finding is of a collection that was in step before. */
export const driftKindOf = ({ code }: Finding): DriftKind | null => kinds[code] ?? null;

/** A fault that a collection may go on with: rows that it concerns are refused one by one. */
export function isTolerated(finding: Finding, drift: PipelineSettings['drift']): boolean {
  const kind = driftKindOf(finding);
  return kind !== null && finding.rowsOnly === true && drift[kind] === 'ignore';
}
