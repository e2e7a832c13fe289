import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string;
  write(name: string, content: string): Promise<string>;
}

/** A directory of one test's own, removed on dispose. */
export async function temporaryDirectory(
  files: Readonly<Record<string, string>> = {},
): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'lockstep-test-'));
  const write = async (name: string, content: string): Promise<string> => {
    const file = join(path, name);
    await writeFile(file, content);
    return file;
  };
  for (const [name, content] of Object.entries(files)) await write(name, content);
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
