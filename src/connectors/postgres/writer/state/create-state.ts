import type { Session } from '../../session/session.ts';
import {
  createSchema,
  createStateTable,
  createTargetsTable,
  findState,
  lockState,
} from './create-state.sql.ts';
import type { StateLayout } from './state-layout.ts';

interface Found {
  readonly schema: boolean;
  readonly state: boolean;
  readonly targets: boolean;
}

/** The statements that would make what is missing. `IF NOT EXISTS` would ask for rights that are not needed once it exists. */
export async function missingState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { rows } = await session.query<Found>(findState(layout), undefined, options);
  const found = rows[0] ?? { schema: false, state: false, targets: false };
  return [
    ...(found.schema ? [] : [createSchema(layout)]),
    ...(found.state ? [] : [createStateTable(layout)]),
    ...(found.targets ? [] : [createTargetsTable(layout)]),
  ];
}

/** Inside a transaction: makes what is missing, one engine at a time. */
export async function createState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  await session.execute(lockState(layout), options);
  for (const statement of await missingState(session, layout, options))
    await session.execute(statement, options);
}
