import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const PAIRS = { setTimeout: 'clearTimeout', setInterval: 'clearInterval', setImmediate: 'clearImmediate' };

/** Returns the lists of faked functions in a text that have only one of a pair. */
function halves(text: string): string[] {
  const lists = [...text.matchAll(/toFake: \[([^\]]*)\]/g)].map(([, list = '']) => list);
  return lists.filter((list) =>
    Object.entries(PAIRS).some(([set, clear]) => list.includes(`'${set}'`) !== list.includes(`'${clear}'`)),
  );
}

test('a fake timer is cleared by a fake function: the real clearImmediate miscounts fake ones, and then later immediates of the process never run', () => {
  expect(halves("vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] })")).toHaveLength(1);
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!^fake-timers\.test)\.ts$/.test(file),
  );
  const wrong = files.flatMap((file) =>
    halves(readFileSync(join('test', file), 'utf8')).map((list) => `${file}: ${list}`),
  );
  expect(wrong).toEqual([]);
});
