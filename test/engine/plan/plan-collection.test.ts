import { describe, expect, it } from 'vitest';
import { planOf } from './shapes.ts';

const people = { columns: ['id', 'name', 'email', 'total'], key: ['id'], generated: ['total'] };
const codesOf = (config: unknown, source = people, target: typeof people | null = source) =>
  planOf(config, source, target).faults.map(({ code, details }) => [
    code,
    details['column'] ?? details['columns'] ?? '',
  ]);

describe('planning a collection', () => {
  it('maps every column of the source that the target does not compute itself', () => {
    const { plan, faults } = planOf({}, people);
    expect(faults).toEqual([]);
    expect(plan.columns.map(({ target }) => target)).toEqual(['id', 'name', 'email']);
    expect(plan.key).toEqual(['id']);
    expect(plan.sourceKey).toEqual(['id']);
    expect(plan.scope).toEqual({ kind: 'default' });
    expect(plan.leaving).toEqual({ kind: 'delete' });
  });

  it('leaves out excluded and owned columns', () => {
    const { plan } = planOf({ exclude: ['email'], owned: ['name'] }, people);
    expect(plan.columns.map(({ target }) => target)).toEqual(['id']);
  });

  it('refuses what would bring no column, instead of leaving the collection out', () => {
    const codes = planOf({ exclude: ['id', 'name', 'email'] }, people).faults.map(({ code }) => code);
    expect(codes).toContain('columns-none');
    expect(planOf({}, { columns: [] }).faults.map(({ code }) => code)).toEqual(['columns-none']);
  });

  it('renames, and follows the key', () => {
    const target = { columns: ['userId', 'label'], key: ['userId'] };
    const { plan, faults } = planOf(
      { columns: { userId: 'id', label: { expression: 'upper(name)' } } },
      people,
      target,
    );
    expect(faults).toEqual([]);
    expect(plan.key).toEqual(['userId']);
    expect(plan.sourceKey).toEqual(['id']);
  });

  it('names every column that is unknown, with the nearest', () => {
    const { faults } = planOf({ columns: ['id', 'nmae'], exclude: ['emial'] }, people);
    expect(faults.map((fault) => fault.message)).toEqual([
      'public.people has no column nmae; did you mean name?',
      'public.people has no column nmae; did you mean name?',
      'public.people has no column emial; did you mean email?',
    ]);
  });

  it('refuses a key that the source’s key does not make', () => {
    expect(codesOf({ key: ['email'] })).toEqual([['key-not-derivable', 'email']]);
    const unique = { ...people, uniques: [['email']] };
    expect(planOf({ key: ['email'] }, unique).faults).toEqual([]);
  });

  it('refuses a key that a function makes, and `mapped` without a function', () => {
    const map = (row: object) => row;
    expect(codesOf({ map, columns: { id: { mapped: true }, name: true }, key: ['id'] })).toEqual([
      ['key-not-derivable', 'id'],
    ]);
    expect(codesOf({ columns: { id: true, name: { mapped: true } } })).toEqual([
      ['mapped-without-function', 'name'],
    ]);
  });

  it('has no key when neither side has one', () => {
    const { plan, faults } = planOf({}, { columns: ['a', 'b'] });
    expect(faults).toEqual([]);
    expect(plan.key).toEqual([]);
  });

  it('changes its fingerprint with what is mapped, not with the guard', () => {
    const print = (config: unknown) => planOf(config, people).plan.fingerprint;
    expect(print({})).toBe(print({}));
    expect(print({ guard: { fromRows: 5 } })).toBe(print({}));
    expect(print({ filter: 'id > 5' })).not.toBe(print({}));
    expect(print({ mapVersion: '2', map: () => null })).not.toBe(print({ mapVersion: '1', map: () => null }));
  });
});
