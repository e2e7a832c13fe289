import type { CommandArgument } from '../command.ts';

export const onePipeline: CommandArgument = {
  spelling: '[pipeline]',
  about: 'its name; may be left out when there is only one',
};

export const anyPipeline: CommandArgument = { spelling: '[pipeline]', about: 'its name (default: all)' };
