import { describe, expect, it } from 'vitest';
import { compileContextReader } from '../../src/executor/context-reader.ts';
import type { RepresentationItem, RepresentationSelection } from '../../src/planner/positions.ts';

const field = (name: string, subgraphKey = name, nested?: RepresentationSelection): RepresentationItem => ({
  kind: 'field',
  name,
  subgraphKey,
  isKey: false,
  nested,
});
const on = (type: string, ...nested: RepresentationItem[]): RepresentationItem => ({
  kind: 'typeCondition',
  possible: new Set([type]),
  nested,
});
const read = (fields: RepresentationSelection, object: object) =>
  compileContextReader({ fields, type: 'User' })(object as Record<string, unknown>);

describe('what a context holds', () => {
  it('is the value under the response key of the field', () => {
    expect(read([field('locale', 'locale_1')], { locale: 'fr', locale_1: 'de' })).toBe('de');
  });

  it('is read through objects and lists', () => {
    const settings = [field('settings', 'settings', [field('locale')])];
    expect(read(settings, { settings: { locale: 'de' } })).toBe('de');
    expect(read(settings, { settings: [{ locale: 'de' }, null] })).toEqual(['de', null]);
    expect(read(settings, { settings: null })).toBeNull();
  });

  it('is what the first fragment on the type of the object says; null where there is none', () => {
    const branches = [on('User', field('locale')), on('Team', field('language'))];
    expect(read(branches, { __typename: 'Team', language: 'fr' })).toBe('fr');
    expect(read(branches, { __typename: 'Bot' })).toBeNull();
    const nested = [field('owner', 'owner', [field('__typename'), ...branches])];
    expect(read(nested, { owner: { __typename: 'User', locale: 'de' } })).toBe('de');
  });

  it('can be the type, also where the object does not say it', () => {
    expect(read([field('__typename')], { __typename: 'Admin' })).toBe('Admin');
    expect(read([field('__typename')], {})).toBe('User');
  });

  it('is not known where anything on the way was not fetched', () => {
    expect(read([field('locale')], {})).toBeUndefined();
    expect(
      read([field('settings', 'settings', [field('locale')])], { settings: [{ locale: 'de' }, {}] }),
    ).toBeUndefined();
  });
});
