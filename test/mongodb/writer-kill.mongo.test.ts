import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Failpoint } from '../../src/protocol/failpoints.ts';
import { holding, never, pipeline } from '../conformance/writer/writer-under-test.ts';
import { startChild } from '../support/child.ts';
import { createMongoDatabase } from '../support/mongo.ts';
import { countingChanges, documentsPerWindow, kindsOf, openCollection, windowOver } from './windows.ts';

const file = fileURLToPath(new URL('window-program.ts', import.meta.url));

interface Counted {
  readonly _id: number;
  readonly v: number;
}

const points: readonly (readonly [Failpoint, number, string | undefined])[] = [
  ['destination.raise.between', 1, undefined],
  ['destination.window.before-commit', 1, undefined],
  ['destination.window.before-commit', 4, 'p3'],
  ['destination.window.after-commit', 4, 'p4'],
];

// The server ends what a dead process left open after a minute; a test has half of that.
test.each(points)(
  'killed at %s, the %s. time: the next owner waits for nothing, and finds whole windows up to %s',
  async (point, times, position) => {
    await using database = await createMongoDatabase();
    const collection = await database.db.createCollection<Counted>('t');
    await using child = startChild({
      file,
      args: [database.url],
      env: { LOCKSTEP_FAILPOINT: `${point}:${times}` },
    });
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' });
    await using next = await openCollection(database, 't', { fence: 2, scope: { kind: 'all' } });
    const { writer, target } = next;
    expect((await writer.positions({ pipeline, signal: never })).get('main')).toBe(position);
    const done = Number(position?.slice(1) ?? 0);
    expect(await collection.countDocuments({ _id: { $lt: documentsPerWindow }, v: done })).toBe(
      done === 0 ? 0 : documentsPerWindow,
    );
    expect(await collection.countDocuments({ _id: { $gte: documentsPerWindow } })).toBe(done);
    const window = windowOver(target, countingChanges(done + 1), 'next');
    const kinds = kindsOf(await writer.applyWindow(window, holding(2)));
    expect(kinds.at(-1)).toBe('inserted');
    expect(kinds).not.toContain('unchanged');
    expect((await writer.positions({ pipeline, signal: never })).get('main')).toBe('next');
  },
);
