import type { DigestAgreement } from '../../protocol/digest.ts';
import type { CollectionPlan } from '../../protocol/mapping.ts';
import type { Target } from '../../protocol/writer.ts';
import type { WalkContext } from './context.ts';

/** How both servers hash this collection's rows, proved by a probe on either side; null when they can't hash alike. */
export async function agreeOnDigest(
  context: WalkContext,
  plan: CollectionPlan,
  target: Target,
): Promise<DigestAgreement | null> {
  const { reader: source, signal } = context;
  const { reader: destination } = context.writer;
  if (plan.map !== null || !source.capabilities.digest || !destination.capabilities.digest) return null;
  if (!source.probeDigest || !destination.proposeDigest || !destination.probeDigest) return null;
  const stored = new Map(target.shape.columns.map((column) => [column.name, column]));
  const columns = target.comparison().selection.columns.map(({ name }) => {
    const { type = '', nullable = true } = stored.get(name) ?? {};
    return { name, type, nullable };
  });
  const agreement = destination.proposeDigest(columns);
  if (agreement === null) return null;
  const [here, there] = await Promise.all([
    source.probeDigest(agreement, { signal }),
    destination.probeDigest(agreement, { signal }),
  ]);
  return here === there ? agreement : null;
}
