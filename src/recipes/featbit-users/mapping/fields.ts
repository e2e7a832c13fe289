import type { CollectionConfig } from '../../../index.ts';
import type { TargetCollection } from './documents.ts';
import type { Placement } from './ids.ts';

type Columns = Extract<CollectionConfig['columns'], Readonly<Record<string, unknown>>>;
type Column = Columns[string];

const made: Column = { mapped: true };
/** As FeatBit stores ids: Binary subtype 4. */
const uuid: Column = { mapped: true, as: 'uuid' };
const ownId: Column = { column: '_id', as: 'uuid' };
const common = { _id: ownId, lockstep: made, createdAt: made, updatedAt: made };

/** The fields of each collection that are ours to write; all others are FeatBit's. */
export const fieldsOf: Readonly<Record<TargetCollection, (placement: Placement) => Columns>> = {
  Users: ({ hasWorkspaceUsers }) => ({
    ...common,
    name: made,
    email: made,
    // '' means that nobody can log in by password. FeatBit's own from then on.
    password: { mapped: true, onInsert: true },
    origin: made,
    ...(hasWorkspaceUsers ? {} : { workspaceId: uuid }),
    bitsaccoUser: made,
  }),
  WorkspaceUsers: () => ({ ...common, workspaceId: uuid, userId: uuid }),
  OrganizationUsers: () => ({
    ...common,
    organizationId: uuid,
    userId: uuid,
    invitorId: { mapped: true, onInsert: true },
  }),
  MemberPolicies: () => ({ ...common, organizationId: uuid, policyId: uuid, memberId: uuid }),
  EndUsers: () => ({
    ...common,
    workspaceId: uuid,
    envId: uuid,
    keyId: made,
    name: made,
    customizedProperties: made,
  }),
  lockstep_featbit_users: () => ({
    _id: { column: '_id' },
    userId: uuid,
    workspaceUserId: uuid,
    organizationUserId: uuid,
    memberPolicyId: uuid,
    endUserId: uuid,
    email: made,
    lockstep: made,
  }),
};
