import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isLockstepError } from '../../src/index.ts';
import type { Places } from './world/configuration.ts';
import { performHere, verbs } from './world/verb.ts';

/** Run by `engine-process.ts`: one verb in a process that can be killed. Says `ready`, and begins when it is told to. */
const print = (line: unknown): void => {
  writeSync(1, `${JSON.stringify(line)}\n`);
};

const lines = createInterface({ input: process.stdin });
print('ready');
for await (const line of lines) if (line === 'go') break;
process.stdin.destroy();

// As a service ends: what is under way is drained.
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort(new Error('SIGTERM')));

const [wanted, text = ''] = process.argv.slice(2);
const verb = verbs.find((each) => each === wanted);
const places: Places = JSON.parse(text);
try {
  if (verb === undefined) throw new Error(`no such verb: ${wanted}`);
  print({ result: (await performHere(places, verb, { signal: stopping.signal, tell: print })) ?? null });
} catch (thrown) {
  print({ error: isLockstepError(thrown) ? thrown.code : 'none', message: String(thrown) });
  process.exitCode = 1;
}
