import { describe, expect, it } from 'vitest';
import { keyDoubt } from '../../../src/engine/plan/key-doubt.ts';
import { planOf, type ShapeSketch } from './shapes.ts';

const rows: ShapeSketch = { columns: ['a', 'id', 'code', 'v'], key: ['a', 'id'] };
const doubtOf = (config: unknown, { source = rows, identities }: Doubted = {}): string | null => {
  const { plan } = planOf(config, source, { ...source, key: ['id'] });
  const sourceShape = identities === undefined ? plan.sourceShape : { ...plan.sourceShape, identities };
  return keyDoubt({ ...plan, sourceShape });
};

interface Doubted {
  readonly source?: ShapeSketch;
  readonly identities?: readonly (readonly string[])[];
}

describe('whether two rows of the source may have one key', () => {
  it('not where the key has all columns of one that the source keeps unique', () => {
    expect(doubtOf({ key: ['a', 'id'] })).toBeNull();
    expect(doubtOf({ key: ['id', 'a', 'code'] })).toBeNull();
    expect(doubtOf({ columns: { x: 'a', y: 'id' }, key: ['y', 'x'] })).toBeNull();
    expect(doubtOf({ key: ['id'] }, { identities: [['a', 'id'], ['id']] })).toBeNull();
  });

  it('yes where it lacks one of them', () => {
    expect(doubtOf({ key: ['id'] })).toBe('unique are only a with id');
    expect(doubtOf({ key: ['id'] }, { identities: [['a', 'id'], ['code']] })).toBe(
      'unique are only a with id; code',
    );
  });

  it('yes where the source keeps nothing unique, whatever the key', () => {
    const keyless = { columns: ['id', 'v'] };
    expect(doubtOf({ key: ['id'] }, { source: keyless })).toBe(
      'it has no key of its own that holds for all its rows',
    );
    expect(doubtOf({ key: ['a', 'id'] }, { identities: [] })).not.toBeNull();
  });

  it('yes where an expression makes it', () => {
    const columns = { id: { expression: 'id::int / 2' }, v: true };
    expect(doubtOf({ columns, key: ['id'] })).toBe('an expression makes it');
  });

  it('no word of it where there is no key', () => {
    const keyless = { columns: ['v'] };
    expect(keyDoubt(planOf({}, keyless).plan)).toBeNull();
  });
});
