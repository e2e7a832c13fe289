import type { Session } from '../../session/session.ts';
import {
  createSchema,
  createStateTable,
  createTargetsTable,
  findState,
  lockState,
  upgradeStateTable,
} from './create-state.sql.ts';
import type { StateLayout } from './state-layout.ts';

interface Found {
  readonly schema: boolean;
  readonly state: boolean;
  readonly stateIsNew: boolean;
  readonly targets: boolean;
}

/** The statements that would make what is missing. `IF NOT EXISTS` would ask for rights that are not needed once it exists. */
export async function missingState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  return missingOf(await lookForState(session, layout, options), layout);
}

/** The same, and what brings state of an older version up to date. */
export async function neededState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const found = await lookForState(session, layout, options);
  const isOld = found.state && !found.stateIsNew;
  return [...missingOf(found, layout), ...(isOld ? [upgradeStateTable(layout)] : [])];
}

/** Inside a transaction: makes what is missing, one engine at a time. */
export async function createState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<void> {
  await session.execute(lockState(layout), options);
  for (const statement of await neededState(session, layout, options))
    await session.execute(statement, options);
}

async function lookForState(
  session: Session,
  layout: StateLayout,
  options: { readonly signal: AbortSignal },
): Promise<Found> {
  const { rows } = await session.query<Found>(findState(layout), undefined, options);
  return rows[0] ?? { schema: false, state: false, stateIsNew: false, targets: false };
}

const missingOf = (found: Found, layout: StateLayout): readonly string[] => [
  ...(found.schema ? [] : [createSchema(layout)]),
  ...(found.state ? [] : [createStateTable(layout)]),
  ...(found.targets ? [] : [createTargetsTable(layout)]),
];
