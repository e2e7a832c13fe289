import { TestRunner, test, type VitestTestRunner } from 'vitest';
import { askDesk } from './ask-desk.ts';
import { optionalKinds, type ServerKind, serversNeededBy } from './needs.ts';

type ImportSource = Parameters<VitestTestRunner['importFile']>[1];

/**
 * Does not load a test file whose servers can't be had on this machine: it stands in the results as one
 * skipped test that says why; with CI set, as one that fails.
 */
export default class ServerAwareRunner extends TestRunner {
  override async importFile(file: string, source: ImportSource): Promise<unknown> {
    const missing = source === 'collect' ? await missingServers(file) : [];
    if (missing.length === 0) return super.importFile(file, source);
    const attempts = missing.flatMap((each) => each.attempts);
    const name = `not run: ${attempts.join(' ')}`;
    const fail = () => {
      throw new Error(attempts.join('\n'));
    };
    // By hand, a machine that can't have the servers runs the rest and names what it left out; CI leaves out only what nobody is bound to have.
    const isBound = process.env['CI'] && missing.some(({ kind }) => !optionalKinds.has(kind));
    return isBound ? test(name, fail) : test.skip(name, fail);
  }
}

interface MissingServer {
  readonly kind: ServerKind;
  readonly attempts: readonly string[];
}

async function missingServers(file: string): Promise<readonly MissingServer[]> {
  const missing: MissingServer[] = [];
  for (const kind of serversNeededBy(file)) {
    const answer = await askDesk(`/can-have/${kind}?file=${encodeURIComponent(file)}`);
    if ('attempts' in answer) missing.push({ kind, attempts: answer.attempts });
  }
  return missing;
}
