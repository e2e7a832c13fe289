import { expect, test } from 'vitest';
import type { Row } from '../../../src/index.ts';
import { chatUser } from '../../../src/recipes/user-table/mapping/chat-user.ts';
import { faultsOfTables } from '../../../src/recipes/user-table/mapping/check-tables.ts';
import { derivedPhones } from '../../../src/recipes/user-table/mapping/phones.ts';
import type { Column } from '../../../src/recipes/user-table/mapping/tables.ts';
import type { Settings } from '../../../src/recipes/user-table/settings/settings.ts';

const id = '7f1d6a0e-9d5c-4c1e-8b1a-0c3d5e7f9a1b';

const column = (more: Partial<Column> = {}): Column => ({
  type: 'varchar',
  nullable: true,
  length: null,
  labels: null,
  ...more,
});
const chatOf = (more: Readonly<Record<string, Column>> = {}) =>
  new Map(
    Object.entries({
      role: column({ labels: ['customer', 'usta', 'administrator'] }),
      createdAt: column({ type: 'timestamptz' }),
      ...more,
    }),
  );

const mapped = (user: Row, more: Readonly<Record<string, Column>> = {}): Row =>
  chatUser(chatOf(more))({ id, ...user });

test('UT-5 every column is made as the contract says', () => {
  const user = mapped({
    first_name: 'Ada',
    last_name: 'Lovelace',
    email: 'ada@example.com',
    email_verified: true,
    phone_verified: false,
    phone: '+994 (50) 123-45-67',
    auth_provider: 'google',
    google_id: 'g1',
    facebook_id: null,
    role: 'usta',
    status: 'active',
    customer_preferences: { theme: 'dark' },
    profile_picture: 'https://cdn.example.com/a.png',
    notification_via_app: true,
    notification_via_email: false,
    notification_via_sms: true,
    terms_and_conditions: true,
    average_rating: '4.50',
    total_ratings: 7,
    total_hires: 3,
    total_views: 90,
    last_hired_at: '2026-01-02T03:04:05Z',
    is_verified: true,
    is_featured: false,
    search_boost: '1.25',
    bio: 'hello',
    created_at: '2026-01-02T03:04:05.123456Z',
    metaData: true,
  });
  expect(user).toEqual({
    id,
    externalId: id,
    name: 'Ada Lovelace',
    phone: '994501234567',
    email: 'ada@example.com',
    role: 'usta',
    avatar: 'https://cdn.example.com/a.png',
    metaData: {
      emailVerified: true,
      phoneVerified: false,
      authProvider: 'google',
      googleId: 'g1',
      facebookId: null,
      status: 'active',
      customerPreferences: { theme: 'dark' },
      notificationSettings: { app: true, email: false, sms: true },
      termsAccepted: true,
      ratings: { average: 4.5, total: 7, hires: 3, views: 90, lastHiredAt: '2026-01-02T03:04:05Z' },
      verification: { isVerified: true, isFeatured: false, searchBoost: 1.25 },
      bio: 'hello',
      hasPassword: true,
    },
    createdAt: '2026-01-02T03:04:05.123456Z',
    firstName: 'Ada',
    lastName: 'Lovelace',
  });
});

test('UT-5 a name is what there is of it, and an email only a verified one', () => {
  expect(mapped({ first_name: 'Ada' })).toMatchObject({ name: 'Ada', firstName: 'Ada', lastName: null });
  expect(mapped({ last_name: ' Lovelace ' })).toMatchObject({ name: 'Lovelace' });
  expect(mapped({ first_name: ' ', last_name: null })).toMatchObject({ name: 'User 7f1d6a0e' });
  expect(mapped({ email: 'a@b', email_verified: false })).toMatchObject({ email: null });
  expect(mapped({ created_at: '2026-01-02T03:04:05' })).toMatchObject({ createdAt: '2026-01-02T03:04:05Z' });
  expect(
    mapped({ created_at: '2026-01-02T03:04:05Z' }, { createdAt: column({ type: 'timestamp' }) }),
  ).toMatchObject({
    createdAt: '2026-01-02T03:04:05',
  });
});

test.each([
  ['customer', 'customer'],
  ['usta', 'usta'],
  ['service_provider', 'usta'],
  ['provider', 'usta'],
  ['admin', 'administrator'],
  ['administrator', 'administrator'],
  ['super_admin', 'administrator'],
  ['anything else', 'customer'],
  [null, 'customer'],
])('UT-5 role %s is %s', (role, word) => {
  expect(mapped({ role })).toMatchObject({ role: word });
});

test('UT-6 derived phones are 9 and nine digits of the SHA-256 of the id, nine after nine', () => {
  const phones = derivedPhones(id);
  expect(phones).toHaveLength(8);
  for (const phone of phones) expect(phone).toMatch(/^9\d{9}$/);
  expect(new Set(phones).size).toBe(8);
  // sha256sum of the id, as a decimal number.
  expect(derivedPhones('00000000-0000-4000-8000-000000000001').slice(0, 2)).toEqual(expectedOfOne);
  for (const phone of ['', null, 'none', '+']) expect(mapped({ phone })).toMatchObject({ phone: phones[0] });
  expect(mapped({ phone: '1'.repeat(30) }, { phone: column({ length: 20 }) })).toMatchObject({
    phone: phones[0],
  });
});

const expectedOfOne: readonly string[] = ['9008094954', '9454082896'];

test('UT-7 texts are cut to a column’s characters, and what means nothing when it is cut is left out', () => {
  const five = column({ length: 5 });
  expect(
    mapped(
      {
        first_name: 'Zoë😀😀😀',
        email: 'long@example.com',
        email_verified: true,
        profile_picture: 'https://x/y',
      },
      { name: five, firstName: five, email: five, avatar: five },
    ),
  ).toMatchObject({ name: 'Zoë😀😀', firstName: 'Zoë😀😀', email: null, avatar: null });
});

const settings: Pick<Settings, 'statuses'> = { statuses: ['active'] };
const source = new Map(['id', 'email', 'phone', 'status', 'role'].map((name) => [name, column()]));
const full = (labels: readonly string[]) =>
  new Map(
    ['id', 'externalId', 'name', 'phone', 'email', 'role', 'metaData'].map((name) => [
      name,
      column(name === 'role' ? { labels } : {}),
    ]),
  );

test('UT-8 a word that the enum of roles lacks is a fault, and so is a status that the marketplace lacks', () => {
  expect(faultsOfTables({ source, chat: full(['customer', 'usta', 'administrator']) }, settings)).toEqual([]);
  expect(faultsOfTables({ source, chat: full(['client', 'freelancer', 'admin']) }, settings)).toEqual([]);
  expect(faultsOfTables({ source, chat: full(['customer', 'usta']) }, settings)).toEqual([
    expect.stringContaining('lacks administrator'),
  ]);
  const statuses = new Map(source).set('status', column({ labels: ['live'] }));
  expect(faultsOfTables({ source: statuses, chat: full(['customer', 'usta', 'admin']) }, settings)).toEqual([
    expect.stringContaining('SYNC_STATUSES names active'),
  ]);
  expect(faultsOfTables({ source: new Map(), chat: new Map() }, settings)).toHaveLength(2);
});
