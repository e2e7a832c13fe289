import type { Lockstep } from '../../service/lockstep.ts';
import type { Command, CommandContext, CommandResult } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { discardText, letterPageText, letterText } from '../render/letters.ts';
import { requestText } from '../render/request.ts';
import { type DeadLetterArguments, deadLetterArguments } from './dead-letter-arguments.ts';
import { onePipeline } from './pipeline-argument.ts';
import { noWait, tellProgress } from './waiting.ts';

export const deadLetters: Command = {
  name: 'dead-letters',
  summary: 'list, show, replay or discard keys whose newest change can’t be applied',
  argument: onePipeline,
  furtherArguments: [
    { spelling: '[action]', about: 'list, show, replay or discard' },
    { spelling: '[id...]', about: 'numbers of letters' },
  ],
  options: [
    { flags: '--all', about: 'replay or discard all' },
    { flags: '--collection <name>', about: 'only of this collection' },
    { flags: '--limit <number>', about: 'how many are listed (default: 100)' },
    { flags: '--after <number>', about: 'list goes on after this letter' },
    noWait,
  ],
  examples: [
    'lockstep dead-letters shop list',
    'lockstep dead-letters shop show 17',
    'lockstep dead-letters shop replay --all',
    'lockstep dead-letters shop discard 17 18',
  ],
  async run(input, context) {
    await using session = await openSession(context, { progress: false });
    const asked = deadLetterArguments(input, session.engine.pipelines);
    return await perform(asked, session.engine, { context, wait: input.options['wait'] !== false });
  },
};

async function perform(
  asked: DeadLetterArguments,
  engine: Lockstep,
  { context, wait }: { readonly context: CommandContext; readonly wait: boolean },
): Promise<CommandResult> {
  const { signal } = context;
  const asking = { signal, wait, onProgress: tellProgress(context.terminal) };
  switch (asked.action) {
    case 'list': {
      const result = await engine.letters(asked.pipeline, { ...asked.query, signal });
      return { exit: 'ok', data: { result }, text: letterPageText(result) };
    }
    case 'show': {
      const result = await engine.letter(asked.pipeline, asked.id, { signal });
      return { exit: 'ok', data: { result }, text: letterText(result) };
    }
    case 'replay': {
      const result = await engine.replay(asked.pipeline, { ...asking, ...asked.choice });
      return { exit: 'ok', data: { result }, text: requestText(result) };
    }
    case 'discard': {
      const result = await engine.discard(asked.pipeline, { ...asking, ...asked.choice });
      return { exit: 'ok', data: { result }, text: discardText(result) };
    }
  }
}
