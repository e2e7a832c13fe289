import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import type { ResolvedConfig } from '../service/config/resolved-config.ts';
import { collector } from './collector.ts';
import { movesDocuments } from './moves-documents.ts';

/** Both halves of the nursery together. */
const mappedBytes = 8 * 1024 * 1024;
const documentBytes = 4 * 1024 * 1024;
const liveBytes = 16 * 1024 * 1024;

/**
 * `bin/lockstep.mjs` keeps V8's nursery at its first megabyte, which is right for bytes that pass by. Rows that a function maps are objects: a
 * batch of them outlives so small a nursery and is moved to where only a full collection finds it (1 M rows × 16 columns: 10.4 s instead
 * of 6.9 s, half of it spent on that). Buffers of documents die with the objects that hold them, if those are still in it. The changes of
 * a stream are objects too, and live as long as a window. So it grows once, to a size
 * beyond which memory grows and speed does not.
 */
export function letNurseryGrow(config: ResolvedConfig): void {
  const wantedBytes = wantedFor(config);
  if (wantedBytes !== null) growNursery(wantedBytes);
}

/**
 * As for a live pipeline, unless told otherwise. V8 doubles a nursery once more has survived than it holds: that is made to happen here
 * and now. Left to the rows that pass by, it doubles several times before anybody can look (to 16 MB and more where 4 were wanted).
 */
export function growNursery(wantedBytes: number = liveBytes): void {
  const collect = collector('minor');
  setFlagsFromString('--semi-space-growth-factor=2');
  for (let steps = 0, bytes = nurseryBytes(); bytes < wantedBytes && steps < mostSteps; steps += 1) {
    const survivors = Array.from({ length: Math.ceil(bytes / 2 / survivorBytes) + 1 }, makeSurvivor);
    collect();
    survivors.length = 0;
    collect(); // its size is that of both halves only once they have changed places
    bytes = nurseryBytes();
  }
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** An engine whose collector can't be asked stays as it is. */
const mostSteps = 8;
const survivorBytes = 1024;
const makeSurvivor = (): readonly number[] => new Array<number>(survivorBytes / 8).fill(0);

const nurseryBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;

/** Null: as it is. */
function wantedFor(config: ResolvedConfig): number | null {
  const pipelines = [...config.pipelines.values()];
  if (pipelines.some(({ settings }) => settings.mode === 'live')) return liveBytes;
  if (pipelines.some(({ collections }) => hasFunctions(collections))) return mappedBytes;
  return movesDocuments(config) ? documentBytes : null;
}

const hasFunctions = (collections: object): boolean => Object.values(collections).some(hasFunction);

const hasFunction = (collection: unknown): boolean =>
  typeof collection === 'object' &&
  collection !== null &&
  'map' in collection &&
  typeof collection.map === 'function';
