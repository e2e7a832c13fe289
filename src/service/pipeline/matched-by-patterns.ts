import type { ResolvedPipeline } from '../config/resolved-config.ts';
import type { Connections } from './connections.ts';

/** Collections that the source has now and that a pattern of the configuration means. */
export async function matchedByPatterns(
  pipeline: ResolvedPipeline,
  { reader }: Connections,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const patterns = patternsOf(pipeline);
  const lists = await Promise.all(patterns.map((pattern) => reader.list(pattern, { signal })));
  return [...new Set(lists.flat())];
}

function patternsOf({ collections }: ResolvedPipeline): readonly string[] {
  const names = Array.isArray(collections) ? (collections as readonly string[]) : Object.keys(collections);
  return names.filter((name) => name.includes('*'));
}
