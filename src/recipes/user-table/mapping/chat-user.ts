import type { Row, Value } from '../../../index.ts';
import { phoneOf } from './phones.ts';
import { roleWords } from './roles.ts';
import type { Columns } from './tables.ts';

/** Marketplace columns that the mapping sees. The password is none of them: `hasPassword` is computed in the query. */
export const sourceColumns = [
  'id',
  'first_name',
  'last_name',
  'email',
  'phone',
  'email_verified',
  'phone_verified',
  'auth_provider',
  'google_id',
  'facebook_id',
  'role',
  'status',
  'customer_preferences',
  'profile_picture',
  'notification_via_app',
  'notification_via_email',
  'notification_via_sms',
  'terms_and_conditions',
  'average_rating',
  'total_ratings',
  'total_hires',
  'total_views',
  'last_hired_at',
  'is_verified',
  'is_featured',
  'search_boost',
  'bio',
  'created_at',
] as const;

/**
 * The chat's row of a marketplace user. Columns that this deployment's marketplace lacks count as null.
 *
 * Limits of the chat's columns: a text (name, firstName, lastName) is cut to the characters that fit; what means nothing when it is cut
 * (email, avatar) is left out instead, and a phone becomes a derived one.
 */
export function chatUser(chat: Columns): (user: Row) => Row {
  const { wordOf } = roleWords(chat.get('role')?.labels ?? null);
  const limit = (column: string): number | null => chat.get(column)?.length ?? null;
  return (user) => {
    const id = textOf(user['id']);
    const [first, last] = [textOf(user['first_name']), textOf(user['last_name'])];
    const name = [first, last].filter((part) => part !== '').join(' ');
    return {
      id,
      externalId: id,
      name: cut(name === '' ? `User ${id.slice(0, 8)}` : name, limit('name')),
      phone: phoneOf(id, textOf(user['phone']), limit('phone')),
      email: user['email_verified'] === true ? whole(textOf(user['email']), limit('email')) : null,
      role: wordOf(textOf(user['role'])),
      avatar: whole(textOf(user['profile_picture']), limit('avatar')),
      metaData: metaDataOf(user),
      createdAt: momentFor(chat.get('createdAt')?.type, user['created_at'] ?? null),
      firstName: orNull(cut(first, limit('firstName'))),
      lastName: orNull(cut(last, limit('lastName'))),
    };
  };
}

function metaDataOf(user: Row): Value {
  const value = (column: string): Value => user[column] ?? null;
  return {
    emailVerified: value('email_verified'),
    phoneVerified: value('phone_verified'),
    authProvider: value('auth_provider'),
    googleId: value('google_id'),
    facebookId: value('facebook_id'),
    status: value('status'),
    customerPreferences: value('customer_preferences'),
    notificationSettings: {
      app: value('notification_via_app'),
      email: value('notification_via_email'),
      sms: value('notification_via_sms'),
    },
    termsAccepted: value('terms_and_conditions'),
    ratings: {
      average: numberOf(value('average_rating')),
      total: numberOf(value('total_ratings')),
      hires: numberOf(value('total_hires')),
      views: numberOf(value('total_views')),
      lastHiredAt: value('last_hired_at'),
    },
    verification: {
      isVerified: value('is_verified'),
      isFeatured: value('is_featured'),
      searchBoost: numberOf(value('search_boost')),
    },
    bio: value('bio'),
    hasPassword: value('metaData') === true,
  };
}

/** What the query computes under the name of the target column: the one thing that is known of the password. */
export const hasPasswordExpression = `coalesce(password <> '', false)`;

const textOf = (value: Value | undefined): string => (typeof value === 'string' ? value.trim() : '');

const orNull = (text: string): string | null => (text === '' ? null : text);

/** Decimals and large integers arrive as text or bigint, so that nothing loses a digit; JSON of the chat has plain numbers. */
const numberOf = (value: Value): number | null =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null;

/** By whole characters, as PostgreSQL counts them. */
const cut = (text: string, length: number | null): string =>
  length === null || text.length <= length ? text : [...text].slice(0, length).join('');

const whole = (text: string, length: number | null): string | null =>
  text === '' || (length !== null && [...text].length > length) ? null : text;

/** One side may keep times with a zone and the other without; without means UTC. */
function momentFor(type: string | undefined, moment: Value): Value {
  if (typeof moment !== 'string' || moment.includes('infinity')) return moment;
  const plain = moment.replace(/Z$/, '');
  return type === 'timestamptz' ? `${plain}Z` : plain;
}
