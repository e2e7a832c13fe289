import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ask } from './ask.ts';
import type { Places } from './configuration.ts';
import { source } from './shop.sql.ts';
import { target } from './target.sql.ts';

/** Both sides as they are before the first pass, to be copied for each scenario. */
export interface Templates extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
}

export async function openTemplates(sourceVersion: 17 | 18): Promise<Templates> {
  await using opened = new AsyncDisposableStack();
  const made = {
    source: opened.use(await createTestDatabase({ version: sourceVersion })),
    target: opened.use(await createTestDatabase()),
  };
  await ask(made.source.url, source);
  await ask(made.target.url, target);
  const kept = opened.move();
  return { ...made, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A source, a target and a place for the control store: all that outlives a killed engine. */
export interface World extends AsyncDisposable {
  readonly source: TestDatabase;
  readonly target: TestDatabase;
  /** Where the control store and what is spilled lie. */
  readonly directory: string;
  readonly places: Places;
}

export async function openWorld(
  templates: Templates,
  how: Pick<Places, 'staged' | 'incremental'> = {},
): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const source = opened.use(
    await createTestDatabase({ version: templates.source.version, template: templates.source }),
  );
  const target = opened.use(await createTestDatabase({ template: templates.target }));
  const directory = opened.use(await temporaryDirectory()).path;
  const places = { source: source.url, target: target.url, store: join(directory, 'lockstep.db'), ...how };
  const kept = opened.move();
  return { source, target, directory, places, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
