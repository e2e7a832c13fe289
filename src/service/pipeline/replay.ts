import type { RequestResult } from '../live-results.ts';
import { type LetterChoice, lettersMustExist } from './chosen-letters.ts';
import { requireLive } from './engine-owner.ts';
import type { PipelineParts } from './open-pipeline.ts';
import { ask, type RequestOptions } from './requests.ts';

/** Lets the engine read the keys of letters again and apply what it finds; those that succeed are resolved. */
export async function replay(
  parts: PipelineParts,
  { letters, collection, ...options }: RequestOptions & LetterChoice,
): Promise<RequestResult> {
  requireLive(parts.pipeline, 'dead-letters replay');
  await lettersMustExist(parts, { letters, collection });
  return ask(parts, { kind: 'replay', detail: { letters, collection } }, options);
}
