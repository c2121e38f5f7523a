import { expect, test } from 'vitest';
import { ByteBudget } from '../../src/shared/byte-budget.ts';

function budgetOf(limit: number) {
  const refusals: number[] = [];
  const budget: ByteBudget = new ByteBudget({ limit, onRefused: () => refusals.push(budget.held) });
  return { budget, refusals };
}

test('bodies are counted together, and what does not fit is refused', () => {
  const { budget, refusals } = budgetOf(100);
  const first = budget.open(true);
  const second = budget.open(true);
  expect([first.take(60), second.take(30), second.take(11)]).toEqual([true, true, false]);
  expect(budget.held).toBe(90);
  expect(refusals).toEqual([90]);
  first.release();
  expect(second.take(11)).toBe(true);
  expect(budget.held).toBe(41);
});

test('a single body may have more than the limit, while there is no other', () => {
  const { budget, refusals } = budgetOf(100);
  const large = budget.open(true);
  expect([large.take(90), large.take(90)]).toEqual([true, true]);
  expect(budget.open(true).take(1)).toBe(false);
  const small = budget.open(false);
  small.take(1);
  expect(large.take(1)).toBe(false);
  expect(refusals).toHaveLength(2);
});

test('what must not be refused is counted beyond the limit', () => {
  const { budget, refusals } = budgetOf(100);
  const mutation = budget.open(false);
  expect([mutation.take(90), mutation.take(90)]).toEqual([true, true]);
  expect(budget.held).toBe(180);
  expect(refusals).toEqual([]);
});

test('nothing is counted after the release, so that what is late leaves no trace', () => {
  const { budget } = budgetOf(100);
  const body = budget.open(true);
  body.take(50);
  body.release();
  expect(body.take(10)).toBe(false);
  body.release();
  expect(budget.held).toBe(0);
});

test('a stream can be counted anew after each part', () => {
  const { budget } = budgetOf(100);
  const stream = budget.open(true);
  stream.take(80);
  stream.clear();
  expect(budget.held).toBe(0);
  expect(stream.take(80)).toBe(true);
  expect(budget.held).toBe(80);
});
