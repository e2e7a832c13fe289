import { type Finding, finding } from '../../../protocol/finding.ts';
import type { CollectionPlan } from '../../../protocol/mapping.ts';
import type { PgTable } from '../catalog/pg-table.ts';
import { tableOf } from '../catalog/to-shape.ts';
import { drawnColumns, stateOf } from '../create/ensure-sequences.ts';
import { furthestState } from '../create/sequence-values.ts';
import { formatName, qualified, quoteIdentifier } from '../names.ts';
import type { Session } from '../session/session.ts';
import type { CheckDestinationOptions } from './check-destination.ts';
import { readSequenceRights, type SequenceRights } from './rights.ts';

/** Rights on the sequences that a run reads and moves once the rows are there, whoever made the table. */
export async function sequenceFindings(
  session: Session,
  { plan, table }: { readonly plan: CollectionPlan; readonly table: PgTable },
  { user, signal }: CheckDestinationOptions,
): Promise<Finding[]> {
  const source = tableOf(plan.sourceShape);
  // Values that do not come from PostgreSQL move no sequence.
  if (source === null) return [];
  const drawn = drawnColumns({ source, plan, target: table });
  // Several columns may draw from one.
  const sequences = new Map(drawn.map(({ sequence }) => [nameOf(sequence), sequence]));
  const moving = new Set(drawn.filter(wouldMove).map(({ sequence }) => nameOf(sequence)));
  const rights = await readSequenceRights(session, [...sequences.values()], { signal });
  const role = quoteIdentifier(user);
  return rights
    .flatMap((sequence) => lacking(sequence, { table, role, moves: moving.has(nameOf(sequence)) }))
    .map(({ detail, grant }) =>
      finding({ level: 'error', subject: plan.target }, 'permission-denied', { user, detail, grant }),
    );
}

const nameOf = ({ schema, name }: { readonly schema: string; readonly name: string }): string =>
  `${schema}.${name}`;

/** As both stand now; one whose state can't be seen may have to. */
function wouldMove({ sequence, from }: ReturnType<typeof drawnColumns>[number]): boolean {
  const current = stateOf(sequence);
  const source = stateOf(from);
  if (current === null || source === null) return true;
  return furthestState({ sequence, current, source, column: null }) !== null;
}

interface Lacking {
  readonly detail: string;
  readonly grant: string;
}

function lacking(
  { schema, name, usage, select, update }: SequenceRights,
  { table, role, moves }: { readonly table: PgTable; readonly role: string; readonly moves: boolean },
): readonly Lacking[] {
  const sequence = { schema, table: name };
  const rights = [...(select ? [] : ['SELECT']), ...(update || !moves ? [] : ['UPDATE'])].join(', ');
  // The schema of the table itself is asked for with the table.
  const ofSchema =
    usage || schema === table.schema
      ? []
      : [
          {
            detail: `USAGE on the schema ${schema}`,
            grant: `GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO ${role};`,
          },
        ];
  const ofSequence =
    rights === ''
      ? []
      : [
          {
            detail: `${rights} on the sequence ${formatName(sequence)}`,
            grant: `GRANT ${rights} ON SEQUENCE ${qualified(sequence)} TO ${role};`,
          },
        ];
  return [...ofSchema, ...ofSequence];
}
