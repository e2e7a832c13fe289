import { join } from 'node:path';
import type { CollectionConfig, LockstepConfig, MapFunction } from '../../index.ts';
import type { Strangers } from './featbit/strangers.ts';
import { type BitsaccoUser, readUser, sourceFields } from './mapping/bitsacco-user.ts';
import { documentOf, type TargetCollection } from './mapping/documents.ts';
import { fieldsOf } from './mapping/fields.ts';
import type { Placement } from './mapping/ids.ts';
import type { DatabaseSettings, Settings } from './settings/settings.ts';

export const pipeline = 'users';

/** The collection that says what we made for whom; it lives beside FeatBit's. */
export const links = 'lockstep_featbit_users' satisfies TargetCollection;

export interface Parts {
  readonly placement: Placement;
  readonly strangers: Strangers;
}

/** The recipe as a configuration of the engine: one collection of users feeds several of FeatBit's. */
export function configuration(settings: Settings, { placement, strangers }: Parts): LockstepConfig {
  const { controlStore, stateDirectory, bitsacco, featbit } = settings;
  const collections = targetsOf(placement).map((target) => [
    target,
    collection(target, { source: bitsacco.collection, placement, strangers }),
  ]);
  return {
    store:
      controlStore === null ? { path: join(stateDirectory, 'lockstep.db') } : { url: controlStore.reveal() },
    pipelines: {
      [pipeline]: {
        source: { ...side(bitsacco), capture: captureOf(settings) },
        destination: side(featbit),
        collections: Object.fromEntries(collections),
        create: true,
        mode: 'live',
        // Now and then, for what FeatBit wrote over.
        schedule: { every: '15m', atStart: true },
      },
    },
  };
}

const captureOf = ({ capture }: Settings) =>
  capture.kind === 'poll'
    ? ({ kind: 'poll', everyMs: capture.seconds * 1000 } as const)
    : ({ kind: 'stream' } as const);

const side = ({ url, database }: DatabaseSettings) =>
  ({ connector: 'mongodb', url: url.reveal(), database }) as const;

/** The link first: nothing that we make is without one for long. */
function targetsOf({ hasMembers, hasWorkspaceUsers, environmentId }: Placement): readonly TargetCollection[] {
  const members = [
    'Users',
    ...(hasWorkspaceUsers ? ['WorkspaceUsers'] : []),
    'OrganizationUsers',
    'MemberPolicies',
  ];
  return [
    links,
    ...((hasMembers ? members : []) as TargetCollection[]),
    ...(environmentId === null ? [] : (['EndUsers'] as const)),
  ];
}

interface Making {
  readonly source: string;
  readonly placement: Placement;
  readonly strangers: Strangers;
}

function collection(target: TargetCollection, { source, placement, strangers }: Making): CollectionConfig {
  const map: MapFunction = (row) => {
    const user = readUser(row);
    const within = placementOf(user, { placement, strangers });
    const made = isMade[target](within) ? documentOf[target](user, within) : null;
    return made === null ? null : { ...made, _id: row['_id'] ?? null };
  };
  return {
    source,
    target,
    key: ['_id'],
    columns: fieldsOf[target](placement),
    map,
    mapVersion: JSON.stringify({ version: 2, placement }),
    mapReads: [...sourceFields],
    ...(target === 'Users' ? { alternatives: { email: otherEmails } } : {}),
    ...ownership[target],
  };
}

/** Where this user goes: not to where something that is not ours stands in the way. */
function placementOf(user: BitsaccoUser, { placement, strangers }: Parts): Placement {
  const { hasMembers, environmentId } = placement;
  return {
    ...placement,
    hasMembers: hasMembers && !strangers.standInTheWayOf(user, 'member'),
    environmentId:
      environmentId !== null && strangers.standInTheWayOf(user, 'end user') ? null : environmentId,
  };
}

const asMember = ({ hasMembers }: Placement): boolean => hasMembers;
const asEndUser = ({ environmentId }: Placement): boolean => environmentId !== null;

/** Whether there is a document for somebody who goes there. */
const isMade: Readonly<Record<TargetCollection, (placement: Placement) => boolean>> = {
  Users: asMember,
  WorkspaceUsers: asMember,
  OrganizationUsers: asMember,
  MemberPolicies: asMember,
  EndUsers: asEndUser,
  lockstep_featbit_users: (placement) => asMember(placement) || asEndUser(placement),
};

/** For whoever has the same phone as somebody else: which of both it is, nobody here can say. */
const otherEmails: Alternatives = ({ _id: id, email }) => [
  String(email).replace('@', `.${String(id).toLowerCase()}@`),
];

type Alternatives = NonNullable<CollectionConfig['alternatives']>[string];

/** Without our mark they no longer hold their e-mail, which somebody who signs up again may need. */
const gone = { deleted: 'true', deletedAt: '"$$NOW"', lockstep: 'false' } as const;
const back = { deleted: '"$$REMOVE"', deletedAt: '"$$REMOVE"' } as const;

/**
 * FeatBit writes a user or an end user as a whole, and then our mark is gone. So what lacks it counts as absent: made right where it belongs,
 * and otherwise left alone, whoever made it. Memberships are never written again, so there the mark says whose they are.
 */
const kept: Pick<CollectionConfig, 'scope' | 'leaving'> = {
  scope: 'all',
  leaving: { mark: { set: gone, marked: '{"lockstep":{"$ne":true}}', clear: back } },
};
const removed: Pick<CollectionConfig, 'scope' | 'leaving'> = {
  scope: { where: '{"lockstep":true}' },
  leaving: 'delete',
};

const ownership: Readonly<Record<TargetCollection, Pick<CollectionConfig, 'scope' | 'leaving' | 'guard'>>> = {
  Users: kept,
  EndUsers: kept,
  WorkspaceUsers: removed,
  OrganizationUsers: removed,
  // Administrators are few of the users: the last one loses the policy like any other.
  MemberPolicies: { ...removed, guard: { mayEmpty: true } },
  lockstep_featbit_users: kept,
};
