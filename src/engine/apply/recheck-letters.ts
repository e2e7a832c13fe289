import type { Key } from '../../protocol/names.ts';
import type { CollectionWork } from '../walk/collection-work.ts';
import { confirm } from '../walk/confirm.ts';
import { retrying } from '../walk/retrying.ts';
import { resolveLetters } from './dead-letters.ts';

const lettersPerPage = 200;

/** Letters whose keys are equal on both sides by now are resolved; how many are left is counted. */
export async function recheckLetters(work: CollectionWork): Promise<void> {
  const { context, plan, tally } = work;
  for await (const keys of letterPages(work)) {
    const confirmed = await retrying(context, { what: `read ${plan.name}`, signal: context.signal }, () =>
      confirm(work, keys, context.signal),
    );
    await resolveLetters(context, plan.name, confirmed.equal);
  }
  tally.deadLetters = await context.store.deadLetters.count(context.pipeline, plan.name);
}

async function* letterPages({ context, plan }: CollectionWork): AsyncIterable<readonly Key[]> {
  const { store, pipeline } = context;
  let afterId = 0;
  for (;;) {
    const letters = await store.deadLetters.list(pipeline, {
      collection: plan.name,
      afterId,
      limit: lettersPerPage,
    });
    const last = letters.at(-1);
    if (last === undefined) return;
    afterId = last.id;
    yield letters.map(({ key }) => key);
  }
}
