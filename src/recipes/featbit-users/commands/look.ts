import type { RecipeCommandInput, RecipeCommandResult } from '../../../index.ts';
import { pipeline } from '../configuration.ts';
import { openService } from './command.ts';

/** What would go wrong; nothing is touched. */
export async function check(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const { engine } = await service.open(input);
  const [result] = await engine.check(pipeline, input);
  if (result === undefined) throw new Error('there is one pipeline');
  const lines = result.findings.map(
    ({ level, code, message, cure }) => `${level} ${code}: ${message}\n    ${cure}`,
  );
  return {
    exit: result.ok ? 'ok' : 'configuration',
    data: { result },
    text: lines.length === 0 ? ['nothing is in the way'] : lines,
  };
}

/** What the engine that runs the pipeline, in whatever process, said last; nothing is run. */
export async function status(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const [found] = await (await service.look()).status(pipeline, input);
  if (found === undefined) throw new Error('there is one pipeline');
  const letters = found.deadLetters.reduce((sum, { count }) => sum + count, 0);
  const waits = letters > 0 || found.guards.length > 0;
  return {
    exit: found.status === 'failed' ? 'failed' : waits ? 'pending' : 'ok',
    data: { result: found },
    text: [
      `${found.status}: ${found.reason}`,
      ...(found.nextStep === '' ? [] : [`next: ${found.nextStep}`]),
      `users that can’t be synchronized: ${letters}; guards that wait: ${found.guards.length}`,
    ],
  };
}

/** Users that can’t be synchronized, a page of them. */
export async function letters(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const result = await (await service.look()).letters(pipeline, { signal: input.signal });
  const lines = result.letters.map(
    ({ collection, key, code, message }) => `${collection} ${key} ${code}: ${message}`,
  );
  return {
    exit: result.letters.length === 0 ? 'ok' : 'pending',
    data: { result },
    text: [
      ...(lines.length === 0 ? ['every user is synchronized'] : lines),
      ...(result.next === null ? [] : ['there are more']),
    ],
  };
}

/** Asked of the service that runs; without one it happens at its next start. */
export async function replay(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const result = await (await service.look()).replay(pipeline, { signal: input.signal });
  return { exit: 'ok', data: { result }, text: [`replay: ${result.state}`] };
}

/** Lets users be marked as deleted that a guard holds back. */
export async function approve(input: RecipeCommandInput): Promise<RecipeCommandResult> {
  await using service = openService(input);
  const result = await (await service.look()).approve(pipeline, input);
  return {
    exit: 'ok',
    data: { result },
    text: [`approved: ${result.approved.join(', ') || 'nothing waited'}`],
  };
}
