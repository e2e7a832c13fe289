import { expect, test } from 'vitest';
import { isLoopback, parseAddress, spellAddress } from '../../src/server/access/address.ts';

test.each([
  ['7878', '127.0.0.1', 7878],
  ['0.0.0.0:80', '0.0.0.0', 80],
  ['[::]:0', '::', 0],
  ['[::1]:65535', '::1', 65_535],
  ['lockstep.internal:9000', 'lockstep.internal', 9000],
])('%s is understood', (text, host, port) => {
  expect(parseAddress(text)).toEqual({ host, port });
});

test.each(['', 'x', ':', ':80', '::1:80', '65536', '1.2.3.4', 'http://h:80', 'user@h:80', '80 '])(
  '%j is no address',
  (text) => {
    expect(() => parseAddress(text)).toThrow(/--http must be a port/);
  },
);

test('only addresses of this machine alone are loopback', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].every(isLoopback)).toBe(true);
  expect(['0.0.0.0', '::', '127.0.0.1.evil', '128.0.0.1', 'localhost.evil'].some(isLoopback)).toBe(false);
  expect(spellAddress({ host: '::1', port: 80 })).toBe('[::1]:80');
});
