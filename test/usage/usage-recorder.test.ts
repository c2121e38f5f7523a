import { expect, onTestFinished, test } from 'vitest';
import { UsageRecorder } from '../../src/usage/usage-recorder.ts';
import type { UsageStore, UseCount } from '../../src/usage/usage-report.ts';

const SHELF = { name: 'Shelf', type: 'query' };
const USED = { used: ['Product.name'], possible: [] };

function recording({ maxEntries = 100 } = {}) {
  const added: UseCount[][] = [];
  const failures: unknown[] = [];
  const lost: number[] = [];
  let isDown = false;
  const store: UsageStore = {
    async add(counts) {
      if (isDown) throw new Error('down');
      added.push([...counts]);
    },
    read: () => Promise.reject(new Error('not used')),
  };
  const recorder = new UsageRecorder({
    ...{ store, maxEntries, flushMs: 1_000_000 },
    onError: (error) => void failures.push(error),
    onLost: (combinations) => void lost.push(combinations),
  });
  onTestFinished(() => recorder.close());
  const down = (value: boolean) => {
    isDown = value;
  };
  return { recorder, added, failures, lost, down };
}

test('counts per client and version, and starts again after a flush', async () => {
  const { recorder, added } = recording();
  const use = recorder.counterOf(SHELF, () => USED);
  use.count('web', '1');
  use.count('web', '1');
  use.count('web', '2');
  use.count(undefined, undefined);
  use.count('web', '1');
  await recorder.flush();
  use.count('web', '1');
  await recorder.flush();
  const counts = added.map((one) => one.map(({ client, version, count }) => [client, version, count]));
  expect(counts).toEqual([
    [
      ['web', '1', 3],
      ['web', '2', 1],
      [undefined, undefined, 1],
    ],
    [['web', '1', 1]],
  ]);
});

test('reads what an operation uses once, and not before it is used', async () => {
  const { recorder } = recording();
  let reads = 0;
  const use = recorder.counterOf(SHELF, () => {
    reads += 1;
    return USED;
  });
  await recorder.flush();
  expect(reads).toBe(0);
  for (let i = 0; i < 3; i++) {
    use.count('web', '1');
    await recorder.flush();
  }
  expect(reads).toBe(1);
});

test('operations with the same name and the same coordinates are one', async () => {
  const { recorder, added } = recording();
  for (let i = 0; i < 3; i++) recorder.counterOf(SHELF, () => USED).count('web', '1');
  recorder.counterOf({ ...SHELF, name: 'Other' }, () => USED).count('web', '1');
  await recorder.flush();
  expect(added[0]?.map(({ operation, count }) => [operation.name, count])).toEqual([
    ['Shelf', 3],
    ['Other', 1],
  ]);
});

test('counts that cannot be stored are stored later', async () => {
  const { recorder, added, failures, down } = recording();
  const use = recorder.counterOf(SHELF, () => USED);
  down(true);
  use.count('web', '1');
  await recorder.flush();
  expect(failures).toHaveLength(1);
  down(false);
  use.count('web', '1');
  await recorder.flush();
  expect(added.flat().map(({ count }) => count)).toEqual([2]);
});

test('combinations beyond the bound are not stored, and reported', async () => {
  const { recorder, added, lost } = recording({ maxEntries: 2 });
  const use = recorder.counterOf(SHELF, () => USED);
  for (const client of ['a', 'b', 'c', 'd']) use.count(client, undefined);
  await recorder.flush();
  expect(added.flat()).toHaveLength(2);
  expect(lost).toEqual([2]);
});

test('an operation that only introspects is not counted', async () => {
  const { recorder, added } = recording();
  recorder.counterOf(SHELF, () => undefined).count('web', '1');
  await recorder.flush();
  expect(added).toEqual([]);
});
