import { describe, expect, it } from 'vitest';
import { parseSize, size } from '../../src/config/size.ts';

describe('a size', () => {
  it.each([
    ['1B', 1],
    ['64KiB', 65_536],
    ['1.5MiB', 1_572_864],
    ['2GiB', 2_147_483_648],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
    expect(size.parse(text)).toBe(bytes);
  });

  it.each(['64', '64 KiB', '64kb', '64MB', '-1MiB', 'MiB', '', 64, '1KiB1B'])('%j is none', (value) => {
    expect(() => size.parse(value)).toThrow('expected a size such as');
  });

  it('has at least one byte', () => {
    expect(() => size.parse('0MiB')).toThrow('at least one byte');
    expect(() => size.parse('0.5B')).toThrow('at least one byte');
  });
});
