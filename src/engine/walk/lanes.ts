import { toError } from '../../protocol/errors/lockstep-error.ts';

/**
 * Runs `work` on every item, at most `lanes` at once. Items are pulled only when a lane is free, so an endless source of them costs no
 * memory. The first failure aborts the others' signal; it is thrown once all of them have ended. When
 * `draining` aborts, no further item is taken; the caller asks afterwards whether all were.
 */
export async function runInLanes<Item>(
  items: AsyncIterable<Item> | Iterable<Item>,
  options: { readonly lanes: number; readonly signal: AbortSignal; readonly draining?: AbortSignal },
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const running = new Set<Promise<void>>();
  const failures: Error[] = [];
  for await (const item of items) {
    if (signal.aborted || options.draining?.aborted) break;
    const task: Promise<void> = work(item, signal)
      .catch((thrown: unknown) => {
        failures.push(toError(thrown));
        stop.abort(thrown);
      })
      .finally(() => running.delete(task));
    running.add(task);
    if (running.size >= options.lanes) await Promise.race(running);
  }
  await Promise.all(running);
  const [first] = failures;
  if (first !== undefined) throw first;
  options.signal.throwIfAborted();
}
