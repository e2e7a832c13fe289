import { reach } from '../../protocol/failpoints.ts';
import type { DiscardResult } from '../live-results.ts';
import { keysOf, type LetterChoice, lettersMustExist } from './chosen-letters.ts';
import { engineRuns } from './engine-owner.ts';
import { letterCollection } from './letter-collection.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { ask, type RequestOptions } from './requests.ts';
import { takeLease } from './take-lease.ts';

/** Forgets letters without applying anything: by the engine that runs, or, when none does, here under the pipeline's lease. */
export async function discard(
  parts: PipelineParts,
  { letters, collection: asked, ...options }: RequestOptions & LetterChoice,
): Promise<DiscardResult> {
  const { pipeline, context } = parts;
  const collection = await letterCollection(await context.store(), pipeline.name, asked);
  const choice = { letters, collection };
  await lettersMustExist(parts, choice);
  if (await engineRuns(await context.store(), pipeline)) {
    const request = await ask(parts, { kind: 'discard', detail: { letters, collection } }, options);
    return { pipeline: pipeline.name, discarded: null, request };
  }
  return {
    pipeline: pipeline.name,
    discarded: await discardHere(parts, choice, options.signal),
    request: null,
  };
}

async function discardHere(
  { pipeline, context }: PipelineParts,
  choice: LetterChoice,
  signal: AbortSignal,
): Promise<number> {
  const store = await context.store();
  const { events } = context;
  await using lease = await takeLease(store, pipeline.name, { events, signal, atLeast: 0 });
  const by = { pipeline: pipeline.name, fence: lease.fence };
  let discarded = 0;
  for await (const page of keysOf(store, pipeline.name, choice)) {
    for (const { collection, keys } of page) {
      reach('dead-letter.resolve.before');
      const count = await store.deadLetters.resolve(by, collection, keys);
      reach('dead-letter.resolve.after');
      discarded += count;
      if (count > 0)
        events.emit('dead-letter.resolved', { pipeline: pipeline.name, collection, count, keys: null });
    }
  }
  return discarded;
}
