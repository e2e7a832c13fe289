import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { collector } from './collector.ts';

const lookEveryMs = 20;
/** Below this nothing is done: collecting costs some ten milliseconds, in which nothing flows. */
const quietBytes = 96 * 1024 * 1024;
/** What a process should not grow much beyond. As much as is left until then may come between two collections, within limits: */
const wantedBytes = 140 * 1024 * 1024;
/** pages that were filled once are given back late, */
const mostGrowthBytes = 16 * 1024 * 1024;
/** and changes wait for each collection, which takes the longer the more is alive. */
const leastGrowthBytes = 6 * 1024 * 1024;
const leastGrowthShare = 1 / 8;
/** Large buffers come and go fast: copying documents, collections took half of the time with the share of the rest. */
const leastBufferShare = 1 / 2;

export interface KeepOptions {
  /**
   * False: buffers are left to V8, which collects for each 32 MB of them. Right where hardly anything else passes by and they are many:
   * copying 200,000 documents of 1 KB took 2.8 s of CPU so, start included, and 5.7 s with what this does about them besides.
   */
  readonly countsBuffers: boolean;
}

/**
 * Keeps an engine small that has much pass by. Rows live for the time of a window or a batch: long enough to leave V8's nursery, so they
 * are garbage that only a full collection finds, and V8 puts that off until its heap is several times what is alive. Measured with one
 * transaction of 100 MB: 295 MB without this; with a copy of 0.9 GB through a mapping function: 183 MB without, 132 to 135 MB with it, in
 * the same time. Returns what ends it.
 */
export function keepMemorySmall({ countsBuffers }: KeepOptions = { countsBuffers: true }): Disposable {
  const collect = collector('major');
  let kept = 0;
  let buffers = 0;
  const bufferBytes = (): number => (countsBuffers ? getHeapStatistics().external_memory : 0);
  const heldBytes = (): number => bufferBytes() + heapBytes();
  const timer = setInterval(() => {
    const rss = process.memoryUsage.rss();
    const held = heldBytes();
    kept = Math.min(kept, held);
    if (rss < quietBytes || held - kept < mayGrow(rss, { kept, buffers })) return;
    collect();
    kept = heldBytes();
    buffers = bufferBytes();
  }, lookEveryMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

const mayGrow = (
  rss: number,
  { kept, buffers }: { readonly kept: number; readonly buffers: number },
): number =>
  Math.max(
    Math.min(wantedBytes - rss, mostGrowthBytes),
    leastGrowthBytes,
    kept * leastGrowthShare,
    buffers * leastBufferShare,
  );

/**
 * What lives, or is not yet known to be dead, outside of the nursery. Not the size of the heap: V8 gives pages back late, and a limit
 * that begins at their number each time would rise with every collection.
 */
function heapBytes(): number {
  let bytes = 0;
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics())
    if (!name.startsWith('new')) bytes += used;
  return bytes;
}
