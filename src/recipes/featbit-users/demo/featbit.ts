import type { JsonDocument, MongodbDatabase } from '../../../index.ts';
import { administratorPolicy } from '../mapping/ids.ts';
import { uuidOfName } from './uuid-of-name.ts';

export type FeatBitVersion = 'before 5.4.0' | 'from 5.4.0';

/** Ids of what a fresh FeatBit has. */
export const featbitIds = {
  workspace: uuidOfName('demo workspace'),
  organization: uuidOfName('demo organization'),
  project: uuidOfName('demo project'),
  environment: uuidOfName('demo environment'),
  tester: uuidOfName('demo tester'),
  ownerPolicy: '98881f6a-5c6c-4277-bcf7-fda94c538785',
  developerPolicy: '66f3687f-939d-4257-bd3f-c3553d39e1b6',
} as const;

const moment = { $date: '2025-01-02T03:04:05.678Z' };
const moments = { createdAt: moment, updatedAt: moment };
const uuid = (text: string) => ({ $uuid: text });
const id = (name: keyof typeof featbitIds) => uuid(featbitIds[name]);

/** FeatBit's collections and indexes as its own scripts make them (infra/mongodb in its repository), with their field types. */
export async function setUpFeatBit(featbit: MongodbDatabase, version: FeatBitVersion): Promise<void> {
  for (const [collection, documents] of Object.entries(documentsOf(version)))
    await featbit.command({ insert: collection, documents: [...documents] });
  for (const [collection, key, unique] of indexesOf(version))
    await featbit.command({
      createIndexes: collection,
      indexes: [{ key, name: Object.keys(key).join('_'), ...(unique ? { unique } : {}) }],
    });
}

const indexesOf = (version: FeatBitVersion): readonly (readonly [string, JsonDocument, boolean])[] => [
  ['EndUsers', { envId: 1, keyId: 1 }, false],
  ['EndUsers', { updatedAt: 1 }, false],
  ['Policies', { createdAt: 1 }, false],
  ['Projects', { createdAt: 1 }, false],
  ...(version === 'from 5.4.0' ? ([['WorkspaceUsers', { workspaceId: 1, userId: 1 }, true]] as const) : []),
];

function documentsOf(version: FeatBitVersion): Readonly<Record<string, readonly JsonDocument[]>> {
  return { ...places, ...usersOf(version), EndUsers: [endUser] };
}

const places: Readonly<Record<string, readonly JsonDocument[]>> = {
  Workspaces: [
    {
      _id: id('workspace'),
      name: 'Default Workspace',
      key: 'default-workspace',
      sso: null,
      license: null,
      ...moments,
    },
  ],
  Organizations: [
    {
      _id: id('organization'),
      workspaceId: id('workspace'),
      name: 'playground',
      key: 'playground',
      initialized: true,
      defaultPermissions: { policyIds: [id('developerPolicy')], groupIds: [] },
      ...moments,
    },
  ],
  Projects: [
    { _id: id('project'), organizationId: id('organization'), name: 'Demo', key: 'demo', ...moments },
  ],
  Environments: [
    {
      _id: id('environment'),
      projectId: id('project'),
      name: 'Prod',
      key: 'prod',
      description: '',
      secrets: [],
      settings: [],
      ...moments,
    },
  ],
};

/** Somebody who signed up by hand, as the owner. */
function usersOf(version: FeatBitVersion): Readonly<Record<string, readonly JsonDocument[]>> {
  const isFormer = version === 'before 5.4.0';
  const userId = id('tester');
  const workspaceId = id('workspace');
  const organizationId = id('organization');
  const tester = {
    _id: userId,
    email: 'test@featbit.com',
    password: 'AQAAAAEAACcQAAAAEL',
    name: 'tester',
    origin: 'Local',
    ...(isFormer ? { workspaceId } : { initialPassword: '' }),
    ...moments,
  };
  const former = isFormer ? { initialPassword: '' } : {};
  return {
    Policies: [
      policy(featbitIds.ownerPolicy, 'Owner'),
      policy(administratorPolicy, 'Administrator'),
      policy(featbitIds.developerPolicy, 'Developer'),
    ],
    Users: [tester],
    ...(isFormer
      ? {}
      : { WorkspaceUsers: [{ _id: named('workspace user'), workspaceId, userId, ...moments }] }),
    OrganizationUsers: [
      { _id: named('organization user'), organizationId, userId, invitorId: null, ...former, ...moments },
    ],
    MemberPolicies: [
      {
        _id: named('member policy'),
        organizationId,
        policyId: id('ownerPolicy'),
        memberId: userId,
        ...moments,
      },
    ],
  };
}

const endUser: JsonDocument = {
  _id: named('end user'),
  workspaceId: id('workspace'),
  envId: id('environment'),
  keyId: 'somebody of another application',
  name: 'Somebody',
  customizedProperties: [{ name: 'country', value: 'KE' }],
  ...moments,
};

function policy(policyId: string, name: string): JsonDocument {
  const rest = { organizationId: null, description: '', type: 'SysManaged', statements: [] };
  return { _id: uuid(policyId), name, ...rest, ...moments };
}

function named(name: string): JsonDocument {
  return uuid(uuidOfName(`demo ${name}`));
}
