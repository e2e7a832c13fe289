import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { LoadOptions } from '../service/config/load-config.ts';
import type { ResolvedConfig } from '../service/config/resolved-config.ts';
import { seal } from '../service/secrets/seal.ts';
import type { CommandContext } from './command.ts';

/** The user's configuration; from then on the terminal shows none of its secrets. */
export async function loadConfiguration(
  context: CommandContext,
  { connections }: Pick<LoadOptions, 'connections'> = {},
): Promise<ResolvedConfig> {
  context.terminal.protect(seal(suspectedSecrets(context)));
  const { loadConfig } = await import('../service/config/load-config.ts');
  const config = await loadConfig({
    ...context.global,
    path: context.global.config,
    cwd: context.cwd,
    env: context.env,
    connections,
  });
  const { publicWords } = await import('../service/open-engine.ts');
  context.terminal.protect(config.secrets, publicWords(config));
  return config;
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
