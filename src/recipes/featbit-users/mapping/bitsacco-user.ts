import type { Row, Value } from '../../../index.ts';
import { isUuid } from './uuid.ts';

/** A user of Bitsacco, whatever shape it has there. */
export interface BitsaccoUser {
  /** In lower case. */
  readonly id: string;
  /** Digits only; null: none. */
  readonly phone: string | null;
  /** As it is stored, with or without `+`; null: none. */
  readonly phoneNumber: string | null;
  readonly isPhoneVerified: boolean;
  readonly npub: string | null;
  readonly isNostrVerified: boolean;
  readonly name: string | null;
  readonly avatarUrl: string | null;
  readonly roles: readonly Role[];
  /** Null: there is none that means something. */
  readonly createdAt: Date | null;
  readonly updatedAt: Date | null;
}

/** Fields that the mapping sees. `pinHash`, `otp` and `otpHash` are none of them: they never leave Bitsacco. */
export const sourceFields = ['_id', 'phone', 'nostr', 'profile', 'roles', 'createdAt', 'updatedAt'] as const;

const roles = { Member: 0, Admin: 1, SuperAdmin: 3 } as const;
export type Role = keyof typeof roles;
const roleNames = Object.keys(roles) as Role[];

/** Throws when the id is no UUID: it could not be preserved. */
export function readUser(row: Row): BitsaccoUser {
  const id = textOf(row['_id'] ?? null);
  if (!isUuid(id)) throw new TypeError('its _id is no UUID, so that it can’t be the id of a FeatBit user');
  const [phone, nostr, profile] = [row['phone'], row['nostr'], row['profile']].map(fieldsOf);
  const phoneNumber = textOf(phone?.['number']);
  const digits = orNull(phoneNumber.replace(/\D/g, ''));
  return {
    id: id.toLowerCase(),
    phone: digits,
    phoneNumber: digits === null ? null : phoneNumber,
    isPhoneVerified: phone?.['verified'] === true,
    npub: orNull(textOf(nostr?.['npub'])),
    isNostrVerified: nostr?.['verified'] === true,
    name: orNull(textOf(profile?.['name'])),
    avatarUrl: orNull(textOf(profile?.['avatar_url'])) ?? orNull(textOf(profile?.['avatarUrl'])),
    roles: rolesOf(row['roles']),
    createdAt: momentOf(row['createdAt']),
    updatedAt: momentOf(row['updatedAt']),
  };
}

export const isAdmin = ({ roles: held }: Pick<BitsaccoUser, 'roles'>): boolean =>
  held.includes('Admin') || held.includes('SuperAdmin');

/** Numbers, numeric strings and names, in a list or alone; what is no role means none. In the order of their numbers. */
function rolesOf(value: Value | undefined): readonly Role[] {
  const found = (Array.isArray(value) ? value : [value]).map(roleOf);
  return roleNames.filter((name) => found.includes(name));
}

function roleOf(value: Value | undefined): Role | null {
  const text = textOf(value);
  const plain = text.toLowerCase().replace(/[\s_-]/g, '');
  return roleNames.find((name) => text === String(roles[name]) || plain === name.toLowerCase()) ?? null;
}

type Fields = Readonly<Record<string, Value>>;

const fieldsOf = (value: Value | undefined): Fields | null =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof Uint8Array)
    ? (value as Fields)
    : null;

/** Phones and roles were stored as numbers too, of any of MongoDB's kinds. */
function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value.trim();
  const isNumber = typeof value === 'number' || typeof value === 'bigint' || isNativeNumber(value);
  return isNumber ? String(value) : '';
}

const nativeNumbers: readonly unknown[] = ['Double', 'Int32', 'Long', 'Decimal128'];

const isNativeNumber = (value: Value | undefined): boolean =>
  typeof value === 'object' &&
  value !== null &&
  '_bsontype' in value &&
  nativeNumbers.includes(value._bsontype);

const orNull = (text: string): string | null => (text === '' ? null : text);

function momentOf(value: Value | undefined): Date | null {
  const moment = value instanceof Date ? value : typeof value === 'string' ? new Date(value) : null;
  return moment === null || Number.isNaN(moment.getTime()) ? null : moment;
}
