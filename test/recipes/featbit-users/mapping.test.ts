import fc from 'fast-check';
import { BSON } from 'mongodb';
import { describe, expect, test } from 'vitest';
import type { Row } from '../../../src/index.ts';
import { oddUsers, secret } from '../../../src/recipes/featbit-users/demo/bitsacco.ts';
import { isAdmin, readUser, sourceFields } from '../../../src/recipes/featbit-users/mapping/bitsacco-user.ts';
import { documentOf } from '../../../src/recipes/featbit-users/mapping/documents.ts';
import { emailOf, nameOf } from '../../../src/recipes/featbit-users/mapping/identity.ts';
import { administratorPolicy, type Placement } from '../../../src/recipes/featbit-users/mapping/ids.ts';
import { binaryOf, textOfBinary } from '../../../src/recipes/featbit-users/mapping/uuid.ts';

const id = '7f1d6a0e-9d5c-4c1e-8b1a-0c3d5e7f9a1b';
const user = (row: Row = {}) => readUser({ _id: id, ...row });

const placement: Placement = {
  workspaceId: '11111111-1111-4111-8111-111111111111',
  organizationId: '22222222-2222-4222-8222-222222222222',
  environmentId: '33333333-3333-4333-8333-333333333333',
  hasWorkspaceUsers: true,
  hasMembers: true,
};

describe('ids', () => {
  test('FB-6 any UUID as Binary subtype 4 is what the driver makes of it, and comes back', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        const binary = binaryOf(uuid);
        expect(BSON.EJSON.parse(JSON.stringify(binary))).toEqual(new BSON.UUID(uuid).toBinary());
        expect(textOfBinary(binary)).toBe(uuid.toLowerCase());
      }),
    );
    for (const other of [
      null,
      id,
      { $oid: 'x' },
      { $binary: { base64: 'AAAA', subType: '04' } },
      { $binary: { base64: binaryOf(id).$binary.base64, subType: '03' } },
    ])
      expect(textOfBinary(other)).toBeNull();
  });

  test('FB-13 every document of a user has its id, so that a repeat finds what is there', () => {
    const admin = user({ roles: [1] });
    for (const make of Object.values(documentOf)) expect(make(admin, placement)?.['_id']).toBe(id);
  });

  test('FB-10 an id that is no UUID is refused', () => {
    for (const wrong of ['', 'x', `${id}0`, 7, null, { a: 1 }])
      expect(() => readUser({ _id: wrong })).toThrow('no UUID');
    expect(readUser({ _id: id.toUpperCase() }).id).toBe(id);
  });
});

describe('e-mail and name', () => {
  test.each([
    [{ phone: { number: '+254700000001' } }, '254700000001@bitsacco.com', 'Phone User +254700000001'],
    [{ phone: { number: '254 700-000 001' } }, '254700000001@bitsacco.com', 'Phone User 254 700-000 001'],
    [{ phone: { number: 254_700_000_001 } }, '254700000001@bitsacco.com', 'Phone User 254700000001'],
    [{ nostr: { npub: 'npub1abcdefgh' } }, 'npub1abcdefgh@bitsacco.com', 'Nostr User npub1abc'],
    [{ phone: { number: '+' }, nostr: { npub: 'npub1x' } }, 'npub1x@bitsacco.com', 'Nostr User npub1x'],
    [{ phone: null, nostr: null }, `${id}@bitsacco.com`, 'Bitsacco User'],
    [{ phone: 'text', nostr: [], profile: 7 }, `${id}@bitsacco.com`, 'Bitsacco User'],
  ] as const)('FB-7 FB-8 of %o', (row, email, name) => {
    expect([emailOf(user(row)), nameOf(user(row))]).toEqual([email, name]);
    expect(nameOf(user({ ...row, profile: { name: ' Ada ' } }))).toBe('Ada');
  });

  test('FB-7 users that differ in phone, npub or id differ in e-mail', () => {
    const person = fc.record({
      _id: fc.uuid({ version: 4 }),
      phone: fc.option(fc.record({ number: fc.stringMatching(/^\+?\d{0,14}$/) })),
      nostr: fc.option(fc.record({ npub: fc.stringMatching(/^(npub1[a-z0-9]{0,12})?$/) })),
    });
    fc.assert(
      fc.property(person, person, (one, other) => {
        const [a, b] = [readUser(one), readUser(other)];
        const identity = (each: typeof a) => each.phone ?? each.npub ?? each.id;
        expect(emailOf(a) === emailOf(b)).toBe(identity(a) === identity(b));
      }),
    );
  });
});

test.each([
  [[0], false],
  [[1], true],
  [[3], true],
  [[2], false],
  [['1'], true],
  [['3', '0'], true],
  [['Admin'], true],
  [['super-admin'], true],
  [['SuperAdmin'], true],
  [['Administrator of nothing'], false],
  [[new BSON.Double(1)], true],
  [[BSON.Long.fromNumber(3)], true],
  [[1n], true],
  ['Admin', true],
  [1, true],
  [null, false],
  [[[1], { role: 1 }, true], false],
])('FB-9 roles %o: admin %s', (roles, admin) => {
  const row = user({ roles: roles as Row[string] });
  expect(isAdmin(row)).toBe(admin);
  const policy = documentOf.MemberPolicies(row, placement);
  expect(policy?.['policyId'] ?? null).toBe(admin ? administratorPolicy : null);
});

test('FB-10 whatever is in its fields, a user with an id is mapped', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...sourceFields), fc.jsonValue()), (fields) => {
      const read = user({ ...(fields as Row), _id: id });
      for (const make of Object.values(documentOf)) make(read, placement);
      expect(emailOf(read)).toMatch(/^[^@\s]*.*@bitsacco\.com$/s);
    }),
  );
  expect(documentOf.Users(user({ createdAt: 'yesterday', updatedAt: 7 }), placement)).toMatchObject({
    createdAt: new Date(0),
  });
});

test('FB-11 what is secret is neither asked for nor in anything that is made', () => {
  expect(sourceFields.filter((name) => /pin|otp/i.test(name))).toEqual([]);
  for (const row of oddUsers)
    for (const make of Object.values(documentOf)) {
      const made = make(readUser({ ...BSON.EJSON.parse(JSON.stringify(row)) }), placement);
      expect(JSON.stringify(made)).not.toContain(secret);
    }
});

test('FB-12 FB-15 a member is what the contract says, before and from 5.4.0', () => {
  const [createdAt, updatedAt] = [new Date('2025-01-02T03:04:05.678Z'), new Date('2025-06-07T08:09:10Z')];
  const member = user({ phone: { number: '+1' }, profile: { name: 'Ada' }, createdAt, updatedAt });
  const common = {
    _id: id,
    name: 'Ada',
    email: '1@bitsacco.com',
    origin: 'Local',
    password: '',
    bitsaccoUser: true,
    lockstep: true,
    createdAt,
    updatedAt,
  };
  expect(documentOf.Users(member, placement)).toEqual(common);
  const former = { ...placement, hasWorkspaceUsers: false };
  expect(documentOf.Users(member, former)).toEqual({ ...common, workspaceId: placement.workspaceId });
});

test('FB-14 an end user has texts alone as properties', () => {
  const made = documentOf.EndUsers(
    user({ phone: { number: '+1', verified: true }, roles: [3, 0], profile: { avatarUrl: 'https://x/y' } }),
    placement,
  );
  expect(made).toMatchObject({
    keyId: id,
    envId: placement.environmentId,
    name: 'Phone User +1',
    customizedProperties: [
      { name: 'email', value: '1@bitsacco.com' },
      { name: 'phone', value: '1' },
      { name: 'phoneVerified', value: 'true' },
      { name: 'avatarUrl', value: 'https://x/y' },
      { name: 'roles', value: 'Member,SuperAdmin' },
      { name: 'isAdmin', value: 'true' },
    ],
  });
});

test('FB-17 the link names every document that is made', () => {
  const admin = user({ roles: [1] });
  expect(documentOf.lockstep_featbit_users(admin, placement)).toEqual({
    _id: id,
    userId: id,
    workspaceUserId: documentOf.WorkspaceUsers(admin, placement)['_id'],
    organizationUserId: documentOf.OrganizationUsers(admin, placement)['_id'],
    memberPolicyId: documentOf.MemberPolicies(admin, placement)?.['_id'],
    endUserId: documentOf.EndUsers(admin, placement)?.['_id'],
    email: `${id}@bitsacco.com`,
    lockstep: true,
  });
  const nobody = { ...placement, hasMembers: false, environmentId: null };
  expect(documentOf.lockstep_featbit_users(admin, nobody)).toMatchObject({ userId: null, endUserId: null });
});
