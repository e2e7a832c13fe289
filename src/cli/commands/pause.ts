import { type Command, flagOption, textOption } from '../command.ts';
import { openSession } from '../engine-session.ts';
import { pauseText, resumeText } from '../render/pause.ts';
import { onePipeline } from './pipeline-argument.ts';

export const pause: Command = {
  name: 'pause',
  summary: 'stop the stream of a live pipeline until `resume`, over restarts too',
  argument: onePipeline,
  options: [{ flags: '--reason <text>', about: 'shown by `status`' }],
  examples: ['lockstep pause shop --reason "index is being built"'],
  async run(input, context) {
    await using session = await openSession(context, { progress: false });
    const reason = textOption(input, 'reason');
    const result = await session.engine.pause(session.pipeline(input), { signal: context.signal, reason });
    return { exit: 'ok', data: { result }, text: pauseText(result) };
  },
};

export const resume: Command = {
  name: 'resume',
  summary: 'let a paused pipeline go on',
  argument: onePipeline,
  options: [{ flags: '--yes', about: 'also when the next run brings in again what was rolled back' }],
  examples: ['lockstep resume shop'],
  async run(input, context) {
    await using session = await openSession(context, { progress: false });
    const yes = flagOption(input, 'yes');
    const result = await session.engine.resume(session.pipeline(input), { signal: context.signal, yes });
    return { exit: 'ok', data: { result }, text: resumeText(result) };
  },
};
