import { type FSWatcher, watch } from 'node:fs';
import { cp, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type WatchFolder, watchPath } from '../../src/shared/watch-path.ts';

async function scratch(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'headgate-watch-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Watches, and counts what it hears. */
async function watching(path: string, counts?: (name: string) => boolean, watchFolder?: WatchFolder, retryMs = 60_000) {
  const recorded = { changes: 0, exists: true, events: [] as string[] };
  const watcher = await watchPath({
    path,
    ...(counts && { counts }),
    watchFolder,
    // 2 s would be waited for
    ...(watchFolder && { pollMs: 100, retryMs }),
    onChange(exists) {
      recorded.changes++;
      recorded.exists = exists;
    },
    onEvent: (event, reason) => recorded.events.push(reason === undefined ? event : `${event}: ${reason}`),
  });
  onTestFinished(() => watcher.close());
  return recorded;
}

const patience = { timeout: 20_000 };

/** Changes one thing after another: each must be heard, so none has ended the watch. */
async function hears(recorded: { changes: number }, change: () => Promise<unknown>): Promise<void> {
  const before = recorded.changes;
  await change();
  await expect.poll(() => recorded.changes, patience).toBeGreaterThan(before);
}

test('a folder that is removed and copied anew is watched as before', async () => {
  const dir = await scratch();
  const [schemas, fresh] = [join(dir, 'schemas'), join(dir, 'new')];
  await mkdir(schemas);
  await mkdir(fresh);
  await writeFile(join(schemas, 'a.graphql'), 'a');
  await writeFile(join(fresh, 'a.graphql'), 'b');
  const recorded = await watching(schemas);

  await hears(recorded, async () => {
    await rm(schemas, { recursive: true });
    await cp(fresh, schemas, { recursive: true });
  });
  await hears(recorded, () => writeFile(join(schemas, 'a.graphql'), 'changed once more'));
});

test('a folder that is gone is said to be gone, and to be back', async () => {
  const dir = await scratch();
  const schemas = join(dir, 'schemas');
  await mkdir(schemas);
  const recorded = await watching(schemas);

  await hears(recorded, () => rm(schemas, { recursive: true }));
  expect(recorded).toMatchObject({ exists: false, events: ['gone'] });

  await hears(recorded, () => mkdir(schemas));
  expect(recorded).toMatchObject({ exists: true, events: ['gone', 'back'] });
  await hears(recorded, () => writeFile(join(schemas, 'a.graphql'), 'a'));
});

test('folders that change places by mv', async () => {
  const dir = await scratch();
  const schemas = join(dir, 'schemas');
  for (const name of ['schemas', 'new']) {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'a.graphql'), name);
  }
  const recorded = await watching(schemas);
  await hears(recorded, async () => {
    await rename(schemas, join(dir, 'old'));
    await rename(join(dir, 'new'), schemas);
  });
  const before = recorded.changes;
  await writeFile(join(dir, 'old', 'a.graphql'), 'this is no longer the watched folder');
  await hears(recorded, () => writeFile(join(schemas, 'b.graphql'), 'b'));
  expect(recorded.changes).toBe(before + 1);
});

test.each([
  ['the path itself', 'current'],
  ['a folder further up', 'current/app/schemas'],
])('a link that is made to lead elsewhere: %s', async (_, below) => {
  const dir = await scratch();
  for (const release of ['1', '2']) {
    const folder = join(dir, release, below.replace('current', ''));
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'a.graphql'), release);
  }
  await symlink('1', join(dir, 'current'));
  const recorded = await watching(join(dir, below));
  await hears(recorded, async () => {
    await symlink('2', join(dir, 'next'));
    await rename(join(dir, 'next'), join(dir, 'current'));
  });
  expect(recorded.events.filter((event) => event !== 'replaced')).toEqual([]);
  await hears(recorded, () => writeFile(join(dir, '2', below.replace('current', ''), 'a.graphql'), 'changed'));
});

test('a file that is replaced by mv, removed and written anew', async () => {
  const dir = await scratch();
  const file = join(dir, 'keys.json');
  await writeFile(file, '1');
  const recorded = await watching(file);
  await hears(recorded, async () => {
    await writeFile(join(dir, 'keys.json.tmp'), '2');
    await rename(join(dir, 'keys.json.tmp'), file);
  });
  await hears(recorded, () => rm(file));
  expect(recorded.exists).toBe(false);
  await hears(recorded, () => writeFile(file, '3'));
  expect(recorded).toMatchObject({ exists: true, events: ['gone', 'back'] });
});

test('a file in a mounted ConfigMap, whose folder is swapped by the link ..data', async () => {
  const dir = await scratch();
  const version = async (name: string, text: string) => {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'keys.json'), text);
    await symlink(name, join(dir, '..data_tmp'));
    await rename(join(dir, '..data_tmp'), join(dir, '..data'));
  };
  await version('..1', 'one');
  await symlink('..data/keys.json', join(dir, 'keys.json'));
  const recorded = await watching(join(dir, 'keys.json'));
  await hears(recorded, () => version('..2', 'two'));
  await hears(recorded, async () => {
    await rm(join(dir, '..1'), { recursive: true });
    await version('..3', 'three');
  });
});

test('what does not exist yet, nor the folder that it will be in', async () => {
  const dir = await scratch();
  const recorded = await watching(join(dir, 'etc', 'headgate.yaml'));
  await hears(recorded, async () => {
    await mkdir(join(dir, 'etc'));
    await writeFile(join(dir, 'etc', 'headgate.yaml'), 'limits: {}');
  });
  expect(recorded.events).toEqual(['back']);
});

test('files in folders below count, those with other names do not', async () => {
  const dir = await scratch();
  await mkdir(join(dir, 'shop'));
  const recorded = await watching(dir, (name) => name.endsWith('.graphql'));
  await writeFile(join(dir, 'notes.txt'), 'does not count');
  await hears(recorded, () => writeFile(join(dir, 'shop', 'a.graphql'), 'a'));
  expect(recorded.changes).toBe(1);
});

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test.each(['EMFILE', 'ENOSPC', 'ENOSYS'])(
  'where the system refuses watchers (%s), checks find the changes',
  async (code) => {
    const dir = await scratch();
    const recorded = await watching(dir, undefined, () => {
      throw systemError(code);
    });
    await hears(recorded, () => writeFile(join(dir, 'a.graphql'), 'a'));
    await hears(recorded, () => writeFile(join(dir, 'b.graphql'), 'b'));
    // once, although there are several folders and each was tried again
    expect(recorded.events).toEqual([`polled: ${code}`]);
  },
);

test('a watcher that fails later ends nothing, and is reported once', async () => {
  const dir = await scratch();
  const opened: FSWatcher[] = [];
  const recorded = await watching(dir, undefined, (...args) => {
    const watcher = watch(...args);
    opened.push(watcher);
    return watcher;
  });
  for (const watcher of opened) watcher.emit('error', systemError('EMFILE'));
  await hears(recorded, () => writeFile(join(dir, 'a.graphql'), 'a'));
  await hears(recorded, () => writeFile(join(dir, 'b.graphql'), 'b'));
  expect(recorded.events).toEqual(['polled: EMFILE']);
});

test('watchers that are possible again are opened again', async () => {
  const dir = await scratch();
  let fails = true;
  const opens: WatchFolder = (...args) => {
    if (fails) throw systemError('EMFILE');
    return watch(...args);
  };
  const recorded = await watching(dir, undefined, opens, 100);
  fails = false;
  await expect.poll(() => recorded.events, { timeout: 60_000 }).toEqual(['polled: EMFILE', 'watched']);
});
