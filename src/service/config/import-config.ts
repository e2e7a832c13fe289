import { readFile, stat } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { LockstepError, toError } from '../../protocol/errors/lockstep-error.ts';

/** What a configuration file exports by default, not checked yet. */
export async function importConfig(path: string): Promise<unknown> {
  if ((await stat(path)).isDirectory()) throw unreadable(path, 'it is a directory');
  if (path.endsWith('.json')) return readJson(path);
  const url = pathToFileURL(path).href;
  using _hooks = resolveOurselves(url);
  const loaded = await import(url).catch((error: unknown) => {
    throw unreadable(path, placeOf(error, url), error);
  });
  if (!('default' in loaded)) throw unreadable(path, 'it has no default export');
  return loaded.default;
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, toError(error).message, error);
  });
  try {
    return JSON.parse(text);
  } catch (error) {
    // The parser's message quotes the text, and that may hold a password.
    const position = /position (\d+)/.exec(toError(error).message)?.[1];
    const place =
      position === undefined ? '' : ` near line ${text.slice(0, Number(position)).split('\n').length}`;
    throw unreadable(path, `it is not JSON${place}`);
  }
}

/**
 * `import { defineConfig } from 'lockstep'` in a configuration means the engine that reads it, wherever the file lies and
 * whichever copy is installed beside it.
 */
function resolveOurselves(configUrl: string): Disposable {
  const entry = new URL(
    import.meta.url.endsWith('.ts') ? '../../index.ts' : '../../index.js',
    import.meta.url,
  ).href;
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'lockstep') return { url: entry, shortCircuit: true };
      const resolved = next(specifier, context);
      // Said here, so that Node need not guess it from the text, which it does with a warning.
      return resolved.url === configUrl && /\.ts$/.test(resolved.url)
        ? { ...resolved, format: 'module-typescript' }
        : resolved;
    },
  });
  return { [Symbol.dispose]: () => hooks.deregister() };
}

/** What went wrong, and the line of the configuration if the stack tells. The text around it is left out: it may hold a secret. */
function placeOf(error: unknown, url: string): string {
  const { name, message, stack = '' } = toError(error);
  const line = stack.split(url)[1]?.match(/^:(\d+)/)?.[1];
  const [summary = ''] = message.split('\n').filter((text) => text.trim() !== '');
  return `${name}: ${summary.trim()}${line === undefined ? '' : ` (line ${line})`}`;
}

const unreadable = (path: string, detail: string, cause?: unknown): LockstepError =>
  new LockstepError('config-unreadable', { path, detail }, cause === undefined ? {} : { cause });
