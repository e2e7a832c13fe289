import { describe, expect, it } from 'vitest';
import { KeyGroups } from '../../../src/engine/apply/holders.ts';

describe('groups of keys that block each other', () => {
  it('joins chains and cycles, and ignores keys that are not among them', () => {
    const groups = new KeyGroups(['a', 'b', 'c', 'd', 'e']);
    groups.join('a', 'b');
    groups.join('b', 'c');
    groups.join('c', 'a');
    groups.join('d', 'stranger');
    const leaders = ['a', 'b', 'c', 'd', 'e'].map((key) => groups.leaderOf(key));
    expect(new Set(leaders.slice(0, 3)).size).toBe(1);
    expect(new Set(leaders).size).toBe(3);
  });
});
