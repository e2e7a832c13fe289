import type { Document } from 'mongodb';
import { type Finding, finding } from '../../../protocol/finding.ts';
import type { Deployment } from '../session/deployment.ts';

interface SignalOption {
  readonly signal: AbortSignal;
}

/** What the user may do, by the server's own account; null: the server asks nobody who he is. */
export type Privileges =
  | readonly {
      readonly database: string;
      readonly collection: string;
      readonly actions: ReadonlySet<string>;
    }[]
  | null;

export function readPrivileges(deployment: Deployment, options: SignalOption): Promise<Privileges> {
  return deployment.run(options, async (db) => {
    const { authInfo } = await db.command({ connectionStatus: 1, showPrivileges: true }, options);
    if (authInfo.authenticatedUsers.length === 0) return null;
    const privileges: readonly Document[] = authInfo.authenticatedUserPrivileges;
    return privileges.flatMap(({ resource, actions }) =>
      resource.anyResource === true || resource.db !== undefined
        ? [
            {
              database: resource.db ?? '',
              collection: resource.collection ?? '',
              actions: new Set<string>(actions),
            },
          ]
        : [],
    );
  });
}

export interface Wanted {
  /** Empty: all of the database. */
  readonly collection: string;
  readonly actions: readonly string[];
  /** What it is said about, where that is not the collection; of all of a database: the source. */
  readonly subject?: string;
}

/** One finding for a collection with which the user may not do all that is wanted. */
export function lackingRights(
  { endpoint: { database, user } }: Deployment,
  privileges: Privileges,
  { collection, actions, subject = collection === '' ? 'source' : collection }: Wanted,
): readonly Finding[] {
  if (privileges === null) return [];
  const reaching = privileges.filter(
    (each) => ['', database].includes(each.database) && ['', collection].includes(each.collection),
  );
  const lacking = actions.filter((action) => !reaching.some((each) => each.actions.has(action)));
  if (lacking.length === 0) return [];
  const detail = `${lacking.join(', ')} on ${database}.${collection === '' ? '*' : collection}`;
  const roles = rolesFor(lacking, actions).map((role) => `{ role: "${role}", db: "${database}" }`);
  const grant = `db.getSiblingDB("${database}").grantRolesToUser(…, [${roles.join(', ')}])`;
  return [
    finding({ level: 'error', subject }, 'permission-denied', { user: user ?? 'the user', detail, grant }),
  ];
}

/** `readWrite` may not change what a collection was made with. */
function rolesFor(lacking: readonly string[], actions: readonly string[]): readonly string[] {
  const usual = actions.includes('insert') ? 'readWrite' : 'read';
  const isUsual = lacking.some((action) => action !== 'collMod');
  return [...(isUsual ? [usual] : []), ...(lacking.includes('collMod') ? ['dbAdmin'] : [])];
}
