import { describe, expect, it } from 'vitest';
import { linearPattern, patternProblem } from '../../src/config/linear-pattern.ts';

describe('a pattern of the config', () => {
  it('matches anywhere, or the whole text', () => {
    expect(linearPattern('^x-tenant-')('x-tenant-id')).toBe(true);
    expect(linearPattern('tenant')('x-tenant-id')).toBe(true);
    expect(linearPattern('tenant', { whole: true })('x-tenant-id')).toBe(false);
    expect(linearPattern('a|x-.*', { whole: true })('x-tenant-id')).toBe(true);
    expect(linearPattern('https://[a-z0-9-]+\\.shop\\.example', { whole: true })('https://pr-1.shop.example')).toBe(
      true,
    );
  });

  it('respects the case, unless a flag says otherwise', () => {
    expect(linearPattern('^X-')('x-a')).toBe(false);
    expect(linearPattern('^X-', { ignoreCase: true })('x-a')).toBe(true);
  });

  it('says the same when it is asked again', () => {
    const matches = linearPattern('^x-');
    for (let i = 0; i < 3_000; i++) expect(matches(`${i % 2 === 0 ? 'x' : 'y'}-${i % 1_500}`)).toBe(i % 2 === 0);
  });

  it.each(['(a+)+$', '^(a|a)*$', '(.*)*x', '^(a?){30}a{30}$', '(a|b|ab)*c'])('%s takes linear time', (source) => {
    expect(linearPattern(source)(`${'a'.repeat(16_000)}!`)).toBe(false);
  });

  it.each([
    ['(', 'missing closing ): `(`'],
    ['^x-(?!internal)', 'invalid or unsupported Perl syntax: `(?!`'],
    ['(a)\\1', 'invalid escape sequence: `\\1`'],
    ['[a-z]{1,900}', 'it repeats too much: use smaller counts in {…}'],
  ])('%s is refused', (source, problem) => {
    expect(patternProblem(source)).toBe(problem);
  });
});
