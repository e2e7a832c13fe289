/** Where in FeatBit users go. */
export interface Placement {
  readonly workspaceId: string;
  readonly organizationId: string;
  /** Null: no end users are wanted. */
  readonly environmentId: string | null;
  /** FeatBit 5.4.0 and later. */
  readonly hasWorkspaceUsers: boolean;
  readonly hasMembers: boolean;
}

/** Built into every FeatBit. */
export const administratorPolicy = '3e961f0f-6fd4-4cf4-910f-52d356f8cc08';
