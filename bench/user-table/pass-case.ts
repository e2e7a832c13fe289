import {
  type BenchmarkOptions,
  type CaseReport,
  type Contestant,
  contest,
  type Run,
} from '../harness/benchmark.ts';
import { findClientTools } from '../harness/client-tools.ts';
import { runRecipe } from './ours.ts';
import { rowwise, sql } from './peers.ts';
import { firstCopyContestant, serviceContestant, warmUp } from './service-pass.ts';
import type { Town } from './town.ts';

export interface Pass {
  readonly name: string;
  readonly users: number;
  /** Share of the chat's users that differ before; null: the chat is empty. */
  readonly changed: number | null;
  /** Ours is a scheduled pass of the running service, or its first copy where the chat is empty; else a command of its own. */
  readonly byService?: boolean;
}

/** A full pass over all users. */
export async function passCase(
  town: Town,
  { name, users, changed, byService = false }: Pass,
  { quick, rounds, contestants, log }: BenchmarkOptions,
): Promise<CaseReport> {
  if (byService) await warmUp(town);
  await town.fill(users);
  const tools = await findClientTools(log);
  // What one has written another would find otherwise (JSON has many spellings), so each begins with a chat of its own.
  const contestant = (who: string, run: () => Promise<Run>, fill = run): Contestant => ({
    name: who,
    run,
    ...(users > 100_000 && who === 'rowwise' ? { rounds: 1 } : {}),
    prepare: async () => {
      await town.emptyChat();
      if (changed === null) return;
      await fill();
      await town.spoil(changed);
    },
    proof: () => town.prove(users),
  });
  const all = [
    byService
      ? changed === null
        ? firstCopyContestant(town, users)
        : serviceContestant(town, { users, changed })
      : contestant('ours', () => runRecipe(['bulk', '--json'], town.environment())),
    // It writes every user whatever is there, so it may find what is made faster.
    contestant('rowwise', () => rowwise(town), tools === null ? undefined : () => sql(town, tools)),
    ...(tools === null ? [] : [contestant('sql', () => sql(town, tools))]),
  ];
  return await contest(name, all, {
    rows: users,
    unit: 'users',
    rounds: rounds ?? (quick ? 1 : 3),
    chosen: contestants,
    missing: tools === null ? ['sql'] : [],
    log,
  });
}
