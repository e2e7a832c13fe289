import type { DigestAgreement } from '../../protocol/digest.ts';
import { isLockstepError } from '../../protocol/errors/lockstep-error.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target } from '../../protocol/writer.ts';
import type { ComparingReader, WalkContext } from './context.ts';
import { sourceSelection } from './source-selection.ts';

/** How either server hashes its own rows; their groups are the same, because they are cut by the same hash of the same key. */
export interface GroupAgreement {
  readonly source: DigestAgreement;
  readonly target: DigestAgreement;
}

/** Null: the servers can't cut both sides into the same groups. */
export async function agreeOnGroups(
  context: WalkContext,
  plan: CollectionPlan,
  target: Target,
): Promise<GroupAgreement | null> {
  const { reader, writer, signal } = context;
  if (plan.sourceKey === null || plan.key.length === 0 || target.readGroupedForms === undefined) return null;
  if (!canHash(reader) || !canHash(writer.reader)) return null;
  const sides = [
    { reader, collection: plan.source, ...sourceSelection(plan) },
    { reader: writer.reader, collection: plan.target, ...target.comparison() },
  ] as const;
  const [source, there] = await Promise.all(sides.map((side) => proposal(side, signal)));
  if (source == null || there == null) return null;
  const answers = await Promise.all([
    reader.probeDigest?.(keyPart(source, plan.sourceKey), { signal }),
    writer.reader.probeDigest?.(keyPart(there, plan.key), { signal }),
  ]);
  const isAgreed = methods(source, plan.sourceKey) === methods(there, plan.key) && answers[0] === answers[1];
  return isAgreed ? { source, target: there } : null;
}

const canHash = ({ capabilities, proposeDigest, probeDigest }: ComparingReader): boolean =>
  capabilities.digest && proposeDigest !== undefined && probeDigest !== undefined;

interface Side extends ReturnType<Target['comparison']> {
  readonly reader: ComparingReader;
  readonly collection: string;
}

/** The key first, in its order: groups are cut by it. */
async function proposal(
  { reader, collection, selection, keyColumns }: Side,
  signal: AbortSignal,
): Promise<DigestAgreement | null> {
  try {
    const types = await reader.typesOf(collection, selection, { signal });
    const others = selection.columns.map(({ name }) => name).filter((name) => !keyColumns.includes(name));
    const columns = [...keyColumns, ...others].map((name) => ({ name, type: types.get(name) ?? '' }));
    return reader.proposeDigest?.(columns) ?? null;
  } catch (thrown) {
    // What is in scope may be said in words that only the writer's own statements understand.
    if (isLockstepError(thrown, 'expression-invalid')) return null;
    throw thrown;
  }
}

const keyPart = (agreement: DigestAgreement, key: readonly string[]): DigestAgreement => ({
  ...agreement,
  columns: agreement.columns.filter(({ name }) => key.includes(name)),
});

const methods = (agreement: DigestAgreement, key: readonly string[]): string =>
  [agreement.dialect, ...keyPart(agreement, key).columns.map(({ method }) => method)].join(' ');
