/** What the chat's role enum may call each of our three roles; deployments differ. */
const spellings = {
  customer: ['customer', 'client'],
  usta: ['usta', 'freelancer'],
  administrator: ['administrator', 'admin'],
} as const;
type Role = keyof typeof spellings;
const roles = ['customer', 'usta', 'administrator'] as const;

const roleOf: Readonly<Record<string, Role>> = {
  customer: 'customer',
  usta: 'usta',
  service_provider: 'usta',
  provider: 'usta',
  admin: 'administrator',
  administrator: 'administrator',
  super_admin: 'administrator',
};

/** Marketplace role → the chat's word for it. `labels` null: the column is no enum and takes our own words. */
export function roleWords(labels: readonly string[] | null): {
  readonly wordOf: (role: string) => string;
  /** Roles that the enum has no word for. */
  readonly lacking: readonly string[];
} {
  const word = (role: Role): string =>
    spellings[role].find((spelling) => labels === null || labels.includes(spelling)) ?? role;
  return {
    wordOf: (role) => word(roleOf[role] ?? 'customer'),
    lacking: labels === null ? [] : roles.filter((role) => !labels.includes(word(role))),
  };
}
