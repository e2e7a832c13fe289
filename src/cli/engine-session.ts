import { unknownPipeline, usageError } from '../service/failure.ts';
import type { Lockstep } from '../service/lockstep.ts';
import type { CommandContext, CommandInput } from './command.ts';
import { loadConfiguration } from './load-configuration.ts';
import { keepMemorySmall } from './memory-keeper.ts';
import { movesDocuments } from './moves-documents.ts';
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
  const config = await loadConfiguration(context);
  const { openEngine } = await import('../service/open-engine.ts');
  letNurseryGrow(config);
  const kept = keepMemorySmall({ countsBuffers: !movesDocuments(config) });
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
