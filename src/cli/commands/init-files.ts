import { constants } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface PlannedFile {
  readonly name: string;
  readonly content: string;
  /** It holds something that would be gone. */
  readonly wouldOverwrite: boolean;
  /** Only this user may read it. */
  readonly secret: boolean;
}

type Urls = Readonly<Record<string, string | undefined>>;

/** What `init` writes; nothing is written yet. */
export async function plannedFiles(directory: string, urls: Urls): Promise<readonly PlannedFile[]> {
  const files = [
    await wholeFile(directory, 'lockstep.config.ts', configuration),
    await wholeFile(directory, '.env.example', exampleVariables),
    await ignoreFile(directory),
  ];
  const given = Object.entries(urls).flatMap(([name, url]) => (url === undefined ? [] : [{ name, url }]));
  return given.length === 0 ? files : [...files, await variablesFile(directory, given)];
}

/** Returns names of files that others could read until now. */
export async function writeFiles(
  directory: string,
  files: readonly PlannedFile[],
): Promise<readonly string[]> {
  const tightened: string[] = [];
  for (const { name, content, secret } of files) {
    const path = join(directory, name);
    if (!secret) await writeFile(path, content, { mode: 0o644 });
    else if (await writeSecret(path, content)) tightened.push(name);
  }
  return tightened;
}

/** A file that is there keeps its rights when it is written: they are taken back before the secret is in it. True: there were some. */
async function writeSecret(path: string, content: string): Promise<boolean> {
  await using file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const { mode } = await file.stat();
  const isOpen = (mode & 0o077) !== 0;
  if (isOpen) await file.chmod(0o600);
  await file.truncate();
  await file.writeFile(content);
  return isOpen;
}

const configuration = `import { defineConfig, env } from 'lockstep';

export default defineConfig({
  pipelines: {
    main: {
      source: { connector: 'postgres', url: env('SOURCE_URL') },
      destination: { connector: 'postgres', url: env('DESTINATION_URL') },
      collections: ['public.*'],
      create: true,
    },
  },
});
`;

const exampleVariables = `SOURCE_URL=postgres://user:password@localhost:5432/source
DESTINATION_URL=postgres://user:password@localhost:5432/destination
`;

async function wholeFile(directory: string, name: string, content: string): Promise<PlannedFile> {
  const existing = await contentOf(directory, name);
  return { name, content, wouldOverwrite: existing !== null && existing !== content, secret: false };
}

/** Lines are added; nothing is lost. */
async function ignoreFile(directory: string): Promise<PlannedFile> {
  const existing = (await contentOf(directory, '.gitignore')) ?? '';
  const present = new Set(existing.split(/\r?\n/).map((line) => line.trim()));
  const missing = ['.env', '.lockstep/'].filter((line) => !present.has(line));
  return {
    name: '.gitignore',
    content: appendLines(existing, missing),
    wouldOverwrite: false,
    secret: false,
  };
}

async function variablesFile(
  directory: string,
  given: readonly { readonly name: string; readonly url: string }[],
): Promise<PlannedFile> {
  const existing = (await contentOf(directory, '.env')) ?? '';
  const isGiven = (line: string) => given.some(({ name }) => line.startsWith(`${name}=`));
  const lines = existing.split(/\r?\n/);
  const kept = lines.filter((line) => !isGiven(line)).join('\n');
  const added = given.map(({ name, url }) => `${name}='${url.replaceAll("'", '%27')}'`);
  return {
    name: '.env',
    content: appendLines(kept, added),
    wouldOverwrite: lines.some(isGiven),
    secret: true,
  };
}

function appendLines(text: string, lines: readonly string[]): string {
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return lines.length === 0 ? text : `${start}${lines.join('\n')}\n`;
}

async function contentOf(directory: string, name: string): Promise<string | null> {
  try {
    return await readFile(join(directory, name), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
