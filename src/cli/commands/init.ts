import { usageError } from '../../service/failure.ts';
import { describeUrl } from '../../service/redact.ts';
import { seal } from '../../service/secrets/seal.ts';
import { type Command, type CommandInput, flagOption, textOption } from '../command.ts';
import { plannedFiles, writeFiles } from './init-files.ts';

export const init: Command = {
  name: 'init',
  summary: 'write lockstep.config.ts, .env.example and what .gitignore needs',
  options: [
    { flags: '--source <url>', about: 'where to read, put into .env' },
    { flags: '--destination <url>', about: 'where to write, put into .env' },
    { flags: '--force', about: 'overwrite files that exist' },
  ],
  examples: [
    'lockstep init',
    'lockstep init --source postgres://localhost/shop --destination postgres://localhost/copy',
  ],
  async run(input, context) {
    const urls = { SOURCE_URL: urlOption(input, 'source'), DESTINATION_URL: urlOption(input, 'destination') };
    const given = Object.values(urls).filter((url) => url !== undefined);
    context.terminal.protect(seal(given));
    const files = await plannedFiles(context.cwd, urls);
    const existing = files.filter((file) => file.wouldOverwrite).map((file) => file.name);
    if (existing.length > 0 && !flagOption(input, 'force')) {
      throw usageError(
        `${existing.join(' and ')} would be overwritten`,
        'Nothing was written. Add --force if that is meant.',
      );
    }
    const tightened = await writeFiles(context.cwd, files);
    const next =
      given.length < 2
        ? ['next: put both URLs into .env (see .env.example), then `lockstep check`']
        : ['next: `lockstep check`'];
    const shown = given.map((url) => `  ${describeUrl(url)}`);
    const written = files.map((file) => file.name);
    return {
      exit: 'ok',
      data: { written },
      text: [
        ...written.map((name) => `wrote ${name}`),
        ...tightened.map((name) => `  others could read ${name}; now only you may`),
        ...shown,
        ...next,
      ],
    };
  },
};

function urlOption(input: CommandInput, name: string): string | undefined {
  const url = textOption(input, name);
  if (url === undefined) return undefined;
  const scheme = URL.parse(url)?.protocol;
  if (scheme === 'postgres:' || scheme === 'postgresql:') return url;
  // What was given is not shown: it may be a password in the wrong place.
  throw usageError(
    `--${name} is not a URL that a connector knows`,
    'Give it as postgres://user:password@host:5432/database',
  );
}
