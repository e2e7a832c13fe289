import { toLockstepError } from '../../../../protocol/errors/lockstep-error.ts';
import { reach } from '../../../../protocol/failpoints.ts';
import type { PipelineName } from '../../../../protocol/names.ts';
import type { PreparedStep } from '../../../../protocol/writer.ts';
import { qualified, quoteLiteral } from '../../names.ts';
import type { Session } from '../../session/session.ts';
import type { Destination } from '../destination.ts';
import { forgetJournal } from '../generation/journal.sql.ts';
import { readEntries } from '../generation/journal.ts';
import { lockState } from '../state/create-state.sql.ts';
import { missingState } from '../state/create-state.ts';
import type { StateLayout } from '../state/state-layout.ts';
import { anyPipeline, forgetState, forgetTargets, ownedTables } from './remove.sql.ts';

export interface RemoveRequest {
  readonly pipeline: PipelineName;
  readonly signal: AbortSignal;
}

/**
 * Takes away what we keep of a pipeline, and our schema when that was the last one. Rows of targets stay. A step that
 * is refused is told, with the statement for somebody who may; the others are done all the same.
 */
export async function removePipeline(
  { pool, layout }: Destination,
  { pipeline, signal }: RemoveRequest,
): Promise<readonly PreparedStep[]> {
  const steps = await pool.use(
    (session) =>
      session.transaction(
        async () => {
          await session.execute(lockState(layout), { signal });
          if ((await missingState(session, layout, { signal })).length > 0) return [];
          const removal = new Removal(session, signal);
          await removeOwnedTables(removal, { layout, pipeline });
          await removeGenerations(removal, { layout, pipeline });
          await removeRows(removal, { layout, pipeline });
          await removeSchema(removal, layout);
          reach('destination.remove.before-commit');
          return removal.steps;
        },
        { signal },
      ),
    { signal },
  );
  reach('destination.remove.after-commit');
  return steps;
}

/** Statements one by one, each on its own. */
class Removal {
  readonly steps: PreparedStep[] = [];
  readonly session: Session;
  readonly signal: AbortSignal;

  constructor(session: Session, signal: AbortSignal) {
    this.session = session;
    this.signal = signal;
  }

  async run(what: string, statement: string): Promise<boolean> {
    const options = { signal: this.signal };
    await this.session.execute('SAVEPOINT lockstep_remove', options);
    try {
      await this.session.execute(statement, options);
      this.steps.push({ what, statement });
      return true;
    } catch (thrown) {
      const error = toLockstepError(thrown);
      if (error.class === 'transient' || error.code === 'interrupted') throw error;
      await this.session.execute('ROLLBACK TO SAVEPOINT lockstep_remove', options);
      this.steps.push({ what: `Left behind: ${what} (${error.message})`, statement });
      return false;
    }
  }
}

interface Parts {
  readonly layout: StateLayout;
  readonly pipeline: PipelineName;
}

async function removeOwnedTables(removal: Removal, { layout, pipeline }: Parts): Promise<void> {
  const { session, signal } = removal;
  const { rows } = await session.query<{ name: string }>(ownedTables(layout), [pipeline], { signal });
  for (const { name } of rows) {
    const table = qualified({ schema: layout.schemaName, table: name });
    await removal.run(`Drop the keys of our own rows, ${table}`, `DROP TABLE IF EXISTS ${table}`);
  }
}

async function removeGenerations(removal: Removal, { layout, pipeline }: Parts): Promise<void> {
  const { session, signal } = removal;
  const entries = await readEntries(session, { layout, pipeline, signal });
  for (const { id, state, collections } of entries) {
    if (state === 'discarded') continue;
    const names = collections.flatMap(({ tables }) => Object.values(tables));
    const tables = names.map((table) => qualified({ schema: layout.schemaName, table })).join(', ');
    if (tables !== '')
      await removal.run(`Drop what is kept of generation ${id}`, `DROP TABLE IF EXISTS ${tables}`);
  }
  if (entries.length === 0) return;
  const statement = forgetJournal(layout).replaceAll('$1', () => quoteLiteral(pipeline));
  await removal.run(`Forget the generations of ${pipeline}`, statement);
}

async function removeRows(removal: Removal, { layout, pipeline }: Parts): Promise<void> {
  const inline = (statement: string): string => statement.replaceAll('$1', () => quoteLiteral(pipeline));
  await removal.run(
    `Forget what was decided about the targets of ${pipeline}`,
    inline(forgetTargets(layout)),
  );
  await removal.run(`Forget fence and positions of ${pipeline}`, inline(forgetState(layout)));
}

/** RESTRICT, which is the default: what others put into our schema stays, and so does the schema then. */
async function removeSchema(removal: Removal, layout: StateLayout): Promise<void> {
  const { session, signal } = removal;
  const { rowCount } = await session.query(anyPipeline(layout), undefined, { signal });
  if (rowCount > 0) return;
  const tables = `${layout.state}, ${layout.targets}, ${layout.generations}`;
  const done = await removal.run('Drop our state tables', `DROP TABLE IF EXISTS ${tables}`);
  if (done) await removal.run('Drop our schema', `DROP SCHEMA ${layout.schema}`);
}
