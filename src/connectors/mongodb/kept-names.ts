import type { GenerationId } from '../../protocol/generation.ts';
import type { Fence, PipelineName } from '../../protocol/names.ts';

/**
 * `staging` takes the target's place, `backup` is what it had. Of differences: `rows` to be written and `leaves` to go, `before`: what was
 * there of either, and `came`: which of the rows had not been there. `copy`, of no generation: what a first copy has brought so far.
 */
const kinds = ['staging', 'backup', 'rows', 'leaves', 'before', 'came', 'copy'] as const;
export type KeptKind = (typeof kinds)[number];

interface KeptName {
  readonly kind: KeptKind;
  readonly pipeline: PipelineName;
  readonly fence: Fence;
  readonly generation: GenerationId;
  /** Tells the collections of one generation apart. */
  readonly place: number;
}

/**
 * A collection that a generation keeps beside its target. The fence is that of the owner who makes it, so no two owners ever mean the same
 * collection by one name.
 */
export const keptName = ({ kind, pipeline, fence, generation, place }: KeptName): string =>
  `lockstep_${kind}.${pipeline}.f${fence}.g${generation}.${place}`;

const pattern = new RegExp(`^lockstep_(${kinds.join('|')})\\.([a-z0-9_-]+)\\.f(\\d+)\\.g\\d+\\.\\d+$`);

/** Whose it is; null: it is none of ours. */
export function ownerOf(
  collection: string,
): { readonly kind: KeptKind; readonly pipeline: PipelineName; readonly fence: Fence } | null {
  const [, named, pipeline, fence] = pattern.exec(collection) ?? [];
  const kind = kinds.find((each) => each === named);
  return pipeline === undefined || kind === undefined ? null : { kind, pipeline, fence: Number(fence) };
}
