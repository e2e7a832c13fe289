import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Ended, RunningCommand } from '../../demo/running-command.ts';
import type { Stage } from './stage.ts';

const configurations = ['../lockstep.config.ts', '../lockstep.config.js'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** `lockstep COMMAND …` with the configuration of this recipe. */
export const startLockstep = (
  args: readonly string[],
  { environment }: Pick<Stage, 'environment'>,
): RunningCommand =>
  new RunningCommand([...args, '--config', configurations.find(existsSync) ?? '', '--json'], { environment });

/** Runs a command to its end. What it answered, if it ended as it should; else what it complained about. */
export async function lockstep<Answer>(
  args: readonly string[],
  stage: Stage,
  codes: readonly number[] = [0],
): Promise<Answer> {
  return answerOf(await startLockstep(args, stage).ended, codes);
}

function answerOf<Answer>({ code, answer, messages }: Ended, codes: readonly number[]): Answer {
  if (code === null || !codes.includes(code)) throw new Error(`lockstep ended with ${code}:\n${messages}`);
  return answer['result'] as Answer;
}
