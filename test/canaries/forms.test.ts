import { expect, test } from 'vitest';
import { findCanaries } from './forms.ts';

const secret = 'canary/öne p@ss';
const canaries = [{ name: 'it', secret }];
const found = (output: string | Buffer) => findCanaries(canaries, output).length === 1;

test.each([
  ['as it is', `password=${secret};`],
  ['in a URL', `postgres://u:${encodeURIComponent(secret)}@h/d`],
  ['as a form has it', new URLSearchParams({ password: secret }).toString()],
  ['in JSON', JSON.stringify({ secret })],
  ['as hex', `\\x00${Buffer.from(secret).toString('hex')}00`],
  ['for Basic', Buffer.from(`u:${secret}`).toString('base64')],
  ['for Basic with a longer name', Buffer.from(`user:${secret}`).toString('base64')],
  ['for Basic with another', Buffer.from(`use:${secret}:more`).toString('base64url')],
])('a secret is found %s', (_, output) => {
  expect(found(output)).toBe(true);
  expect(found(Buffer.concat([Buffer.alloc(7), Buffer.from(output), Buffer.alloc(7)]))).toBe(true);
});

test('what only looks like it is not found', () => {
  expect(found(`canary ${Buffer.from('canary/one p@ss').toString('base64')}`)).toBe(false);
});
