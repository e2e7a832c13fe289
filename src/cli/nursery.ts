import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { ResolvedConfig, ResolvedPipeline } from '../service/config/resolved-config.ts';

const mappedBytes = 4 * 1024 * 1024;
const liveBytes = 16 * 1024 * 1024;

/**
 * `bin/lockstep.mjs` keeps V8's nursery at its first megabyte, which is right for bytes that pass by. Rows that a function maps are objects: a
 * batch of them outlives so small a nursery and is moved to where only a full collection finds it (1 M rows × 16 columns: 10.4 s instead
 * of 6.9 s, half of it spent on that). The changes of a stream are objects too, and live as long as a window. So it may grow, and is held
 * again at a size beyond which memory grows and speed does not.
 */
export function letNurseryGrow(config: ResolvedConfig): void {
  const wantedBytes = wantedFor([...config.pipelines.values()]);
  if (wantedBytes === null) return;
  setFlagsFromString('--semi-space-growth-factor=2');
  const observer = new PerformanceObserver(() => {
    const nursery = getHeapSpaceStatistics().find((space) => space.space_name === 'new_space');
    if ((nursery?.space_size ?? wantedBytes) < wantedBytes) return;
    setFlagsFromString('--semi-space-growth-factor=1');
    observer.disconnect();
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** Null: as it is. */
function wantedFor(pipelines: readonly ResolvedPipeline[]): number | null {
  if (pipelines.some(({ settings }) => settings.mode === 'live')) return liveBytes;
  return pipelines.some(({ collections }) => hasFunctions(collections)) ? mappedBytes : null;
}

const hasFunctions = (collections: object): boolean => Object.values(collections).some(hasFunction);

const hasFunction = (collection: unknown): boolean =>
  typeof collection === 'object' &&
  collection !== null &&
  'map' in collection &&
  typeof collection.map === 'function';
