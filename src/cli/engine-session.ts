import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { unknownPipeline, usageError } from '../service/failure.ts';
import type { Lockstep } from '../service/lockstep.ts';
import { seal } from '../service/secrets/seal.ts';
import type { CommandContext, CommandInput } from './command.ts';
import { keepMemorySmall } from './memory-keeper.ts';
import { letNurseryGrow } from './nursery.ts';
import { watchProgress } from './progress/watch.ts';

/** The engine of the user's configuration, with what it tells shown on the terminal. */
export interface EngineSession extends AsyncDisposable {
  readonly engine: Lockstep;
  /** Where the configuration lies. */
  readonly directory: string;
  /** The pipeline that was named, or the only one there is. */
  readonly pipeline: (input: CommandInput) => string;
  /** The pipeline that was named; undefined: all. */
  readonly pipelineOrAll: (input: CommandInput) => string | undefined;
}

export async function openSession(
  context: CommandContext,
  { progress: isShown }: { readonly progress: boolean } = { progress: true },
): Promise<EngineSession> {
  context.terminal.protect(seal(suspectedSecrets(context)));
  const { loadConfig } = await import('../service/config/load-config.ts');
  const config = await loadConfig({
    ...context.global,
    path: context.global.config,
    cwd: context.cwd,
    env: context.env,
  });
  const { openEngine, publicWords } = await import('../service/open-engine.ts');
  context.terminal.protect(config.secrets, publicWords(config));
  letNurseryGrow(config);
  const kept = keepMemorySmall();
  const engine = openEngine(config);
  const progress = isShown ? watchProgress(engine.events, context.terminal) : null;
  return {
    engine,
    directory: config.directory,
    pipeline: (input) => choosePipeline(engine.pipelines, input.positionals[0]),
    pipelineOrAll: ({ positionals: [name] }) =>
      name === undefined ? undefined : choosePipeline(engine.pipelines, name),
    [Symbol.asyncDispose]: async () => {
      kept[Symbol.dispose]();
      progress?.[Symbol.dispose]();
      await engine[Symbol.asyncDispose]();
    },
  };
}

function choosePipeline(names: readonly string[], name: string | undefined): string {
  const [only, ...others] = names;
  if (name === undefined) {
    if (only !== undefined && others.length === 0) return only;
    throw usageError(`Which pipeline? There are: ${names.join(', ')}`, 'Name one of them after the command.');
  }
  if (names.includes(name)) return name;
  throw unknownPipeline(name, names);
}

/**
 * A configuration file is a program: what it throws may quote the environment. The path of a file is none, unless there is no such file: then
 * somebody may have put the secret itself there.
 */
function suspectedSecrets({ env, cwd }: CommandContext): readonly string[] {
  const isPath = (name: string, value: string) => name.endsWith('_FILE') && existsSync(resolve(cwd, value));
  return Object.entries(env).flatMap(([name, value = '']) =>
    value.length >= 8 && /PASS|SECRET|TOKEN|KEY|URL|DSN/i.test(name) && !isPath(name, value) ? [value] : [],
  );
}
