import type { Row, Value } from '../../../index.ts';
import { type BitsaccoUser, isAdmin } from './bitsacco-user.ts';
import { emailOf, nameOf } from './identity.ts';
import { administratorPolicy, type Placement } from './ids.ts';

/** What is set on documents of ours beside FeatBit's own fields. */
const ours = { lockstep: true } as const;

/**
 * What FeatBit has of a user, one document in each collection, with UUIDs as text; null: none. Pure. Each has the `_id` of the user: that is
 * unique within a collection, and a repeat makes nothing twice.
 */
export const documentOf = {
  Users: (user: BitsaccoUser, placement: Placement): Row => ({
    _id: user.id,
    name: nameOf(user),
    email: emailOf(user),
    password: '',
    origin: 'Local',
    ...(placement.hasWorkspaceUsers ? {} : { workspaceId: placement.workspaceId }),
    bitsaccoUser: true,
    ...ours,
    ...momentsOf(user),
  }),
  WorkspaceUsers: (user: BitsaccoUser, { workspaceId }: Placement): Row => ({
    _id: user.id,
    workspaceId,
    userId: user.id,
    ...ours,
    ...momentsOf(user),
  }),
  OrganizationUsers: (user: BitsaccoUser, { organizationId }: Placement): Row => ({
    _id: user.id,
    organizationId,
    userId: user.id,
    invitorId: null,
    ...ours,
    ...momentsOf(user),
  }),
  MemberPolicies: (user: BitsaccoUser, { organizationId }: Placement): Row | null =>
    isAdmin(user)
      ? {
          _id: user.id,
          organizationId,
          policyId: administratorPolicy,
          memberId: user.id,
          ...ours,
          ...momentsOf(user),
        }
      : null,
  EndUsers: (user: BitsaccoUser, { workspaceId, environmentId }: Placement): Row => ({
    _id: user.id,
    workspaceId,
    envId: environmentId,
    keyId: user.id,
    name: nameOf(user),
    customizedProperties: propertiesOf(user),
    ...ours,
    ...momentsOf(user),
  }),
  /** Our own: source id → ids of everything that we made for it. */
  lockstep_featbit_users: (user: BitsaccoUser, placement: Placement): Row => {
    const { hasMembers, hasWorkspaceUsers, environmentId } = placement;
    const ifMade = (isMade: boolean): Value => (isMade ? user.id : null);
    return {
      _id: user.id,
      userId: ifMade(hasMembers),
      workspaceUserId: ifMade(hasMembers && hasWorkspaceUsers),
      organizationUserId: ifMade(hasMembers),
      memberPolicyId: ifMade(hasMembers && isAdmin(user)),
      endUserId: ifMade(environmentId !== null),
      email: emailOf(user),
      ...ours,
    };
  },
} as const satisfies Record<string, (user: BitsaccoUser, placement: Placement) => Row | null>;

export type TargetCollection = keyof typeof documentOf;

/** What rules of flags are made with; FeatBit takes texts alone. What a user lacks is left out. */
function propertiesOf(user: BitsaccoUser): readonly Value[] {
  const texts: Readonly<Record<string, string | null>> = {
    email: emailOf(user),
    phone: user.phone,
    phoneVerified: user.phone === null ? null : String(user.isPhoneVerified),
    npub: user.npub,
    nostrVerified: user.npub === null ? null : String(user.isNostrVerified),
    avatarUrl: user.avatarUrl,
    roles: user.roles.length === 0 ? null : user.roles.join(','),
    isAdmin: String(isAdmin(user)),
    createdAt: user.createdAt?.toISOString() ?? null,
  };
  return Object.entries(texts).flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

/** FeatBit can't do without them. The same on every run, so never the time of now. */
function momentsOf({ createdAt, updatedAt }: BitsaccoUser): {
  readonly createdAt: Date;
  readonly updatedAt: Date;
} {
  const made = createdAt ?? updatedAt ?? new Date(0);
  return { createdAt: made, updatedAt: updatedAt ?? made };
}
