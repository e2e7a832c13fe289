import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type Failpoint, failpoints } from '../../src/protocol/failpoints.ts';
import { lockstep } from '../cli/lockstep.ts';
import { keptIn, numbered, put, swapping } from '../mongodb/generations/swapping.ts';
import { watchStates } from '../mongodb/generations/watch-states.ts';
import { type MongoPair, openMongoPair } from '../mongodb/pair.ts';
import { exportDocuments } from '../support/mongo-export.ts';
import { reachedIn } from './lives.ts';

vi.setConfig({ maxConcurrency: 3, testTimeout: 120_000 });

const names = ['one', 'two'] as const;

/** What makes the first of the collections too much for one transaction: then it comes in by a copy, the other by its differences. */
const bulk = 'x'.repeat(6_000_000);

const run = (pair: MongoPair, args: string, LOCKSTEP_FAILPOINT?: string) =>
  lockstep(args.split(' '), { cwd: pair.directory, env: { LOCKSTEP_FAILPOINT } });

async function configure(
  { directory, sourceUrl, targetUrl }: MongoPair,
  by: 'swap' | 'staged',
): Promise<void> {
  const it = {
    ...swapping(...names),
    source: { connector: 'mongodb', url: sourceUrl },
    destination: { connector: 'mongodb', url: targetUrl },
    refresh: { by, keep: 5 },
  };
  const config = `export default ${JSON.stringify({ pipelines: { it } })};`;
  await writeFile(join(directory, 'lockstep.config.mjs'), config);
}

/** Which command gets there. */
const commandOf = (point: Failpoint): string => {
  const { by } = reachedIn[point];
  return by === 'rollback'
    ? 'generations it rollback'
    : by === 'discard'
      ? 'generations it discard 1'
      : 'run it';
};

const stateOf = ({ target }: MongoPair): Promise<readonly (readonly string[])[]> =>
  Promise.all(names.map((name) => exportDocuments(target, name)));

const kinds = [
  ['renamed', 'swap'],
  ['aside', 'staged'],
  ['mixed', 'staged'],
] as const;

/** A point that both of the plain ways pass is taken in one of them, in turn: what happens there is the same, and each case runs six commands. */
const cases = kinds.flatMap(([life, by]) =>
  failpoints
    .filter((point, index) => isTakenIn(life, { point, index }))
    .map((point) => ({ life, by, point })),
);

function isTakenIn(
  life: (typeof kinds)[number][0],
  { point, index }: { readonly point: Failpoint; readonly index: number },
): boolean {
  const { lives } = reachedIn[point];
  if (!lives.includes(life)) return false;
  const isInBoth = lives.includes('renamed') && lives.includes('aside');
  return life === 'mixed' || !isInBoth || (life === 'renamed') === index % 4 < 2;
}

describe.concurrent('an engine killed while a generation is staged, brought in, taken back or dropped at MongoDB (rule 4)', () => {
  test.each(cases)('$life: $point', async ({ life, by, point }) => {
    await using pair = await openMongoPair();
    await configure(pair, by);
    for (const name of names) {
      await put(pair.source, name, numbered(200, 'new'));
      await put(pair.target, name, numbered(210, 'old'));
      await pair.target.collection(name).createIndex({ v: 1 }, { unique: true });
    }
    if (life === 'mixed')
      await pair.source
        .collection('one')
        .updateMany({ v: /[12]$/, _id: { $lt: 20 } as object }, { $set: { bulk } });
    const before = await stateOf(pair);
    const command = commandOf(point);
    let kills = 0;
    const act = async (args: string): Promise<void> => {
      if (args === command && kills === 0) {
        expect(await run(pair, args, point)).toMatchObject({ signal: 'SIGKILL' });
        kills += 1;
      }
      expect(await run(pair, args)).toMatchObject({ code: 0 });
    };
    const expectSame = async () => {
      for (const name of names) await pair.expectSame(name);
    };
    await using watching = watchStates(pair.target, names, 40);
    await act('run it');
    await expectSame();
    if (command === 'generations it rollback') {
      await act(command);
      expect(await stateOf(pair)).toEqual(before);
      await act('resume it --yes');
      await act('run it');
    }
    if (command === 'generations it discard 1') await act(command);
    expect(kills, `${point} is registered, and nothing reaches it`).toBe(1);
    await expectSame();
    for (const name of names)
      expect(await watching.seen(name), 'what a reader saw').toEqual(['200 new', '210 old']);
    await act('remove it --yes');
    expect(await keptIn(pair.target)).toEqual([]);
    await expectSame();
  });
});
