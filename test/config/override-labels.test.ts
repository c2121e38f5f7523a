import { expect, test } from 'vitest';
import { activeLabels, overrideLabelsSection, percentKey } from '../../src/config/sections/override-labels.ts';

const setting = overrideLabelsSection.parse({
  labels: { always: true, never: false },
  header: 'X-Labels',
  percent_header: 'X-User',
});

test('labels are on as the file says, or as the header names them', () => {
  const all = ['always', 'never', 'a', 'b'];
  expect(activeLabels(setting, all, {})).toEqual(['always']);
  expect(activeLabels(setting, all, { 'x-labels': 'b, never' })).toEqual(['always', 'b']);
});

test('the header counts only where the file names it', () => {
  const without = overrideLabelsSection.parse({});
  expect(activeLabels(without, ['a'], { 'x-labels': 'a' })).toEqual([]);
  expect(percentKey(without, { 'x-user': 'ada' })).toBeUndefined();
  expect(percentKey(setting, { 'x-user': 'ada' })).toBe('ada');
});
