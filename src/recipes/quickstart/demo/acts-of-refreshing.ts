import type { GenerationList, GenerationResult, RunResult } from '../../../index.ts';
import { answerOf } from './acts-of-copying.ts';
import { startLockstep } from './engine-process.ts';
import { digests, judge } from './judge.ts';
import type { Stage } from './servers.ts';
import { priceRise, tables } from './shop.sql.ts';
import type { View } from './view.ts';

/** A full refresh that comes in at once, is taken back at once, and comes in again. False: a row was not as it should have been. */
export async function refreshAndTakeBack(stage: Stage, view: View): Promise<boolean> {
  view.step('lockstep run · a full refresh: what differs is put aside, then comes in by one transaction');
  const before = await digests(stage.target, tables);
  for (const statement of priceRise) await stage.source.query(statement);
  await run(stage);
  const listed = await startLockstep(['generations', 'shop', 'list'], stage.environment).ended;
  const { generations } = answerOf<GenerationList>(listed, [0]);
  const newest = generations.find(({ state }) => state === 'promoted');
  for (const { collection, inserted, updated, left } of newest?.collections ?? [])
    if ((inserted ?? 0) + (updated ?? 0) + (left ?? 0) > 0)
      view.say(`${collection.padEnd(18)} inserted ${inserted}, updated ${updated}, deleted ${left}`);
  view.step('lockstep generations rollback · the price rise was a mistake: the target is as it was');
  const ended = await startLockstep(['generations', 'shop', 'rollback'], stage.environment).ended;
  const { generation } = answerOf<GenerationResult>(ended, [0]);
  const isBack = JSON.stringify(await digests(stage.target, tables)) === JSON.stringify(before);
  view.say(`${isBack ? '✓' : '✗'} generation ${generation.id} taken back; the pipeline is paused`);
  view.step('lockstep resume --yes, and run · it was meant after all');
  answerOf(await startLockstep(['resume', 'shop', '--yes'], stage.environment).ended, [0]);
  await run(stage);
  const verdicts = await judge(stage.source, stage.target, tables);
  return isBack && verdicts.every(({ equal }) => equal);
}

async function run(stage: Stage): Promise<void> {
  answerOf<RunResult>(await startLockstep(['run', 'shop'], stage.environment).ended, [0]);
}
