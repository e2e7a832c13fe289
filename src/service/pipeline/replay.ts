import type { RequestResult } from '../live-results.ts';
import { type LetterChoice, lettersMustExist } from './chosen-letters.ts';
import { requireLive } from './engine-owner.ts';
import { letterCollection } from './letter-collection.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { ask, type RequestOptions } from './requests.ts';

/** Lets the engine read the keys of letters again and apply what it finds; those that succeed are resolved. */
export async function replay(
  parts: PipelineParts,
  { letters, collection: asked, ...options }: RequestOptions & LetterChoice,
): Promise<RequestResult> {
  requireLive(parts.pipeline, 'dead-letters replay');
  const collection = await letterCollection(await parts.context.store(), parts.pipeline.name, asked);
  await lettersMustExist(parts, { letters, collection });
  return ask(parts, { kind: 'replay', detail: { letters, collection } }, options);
}
