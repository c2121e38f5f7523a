import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readRegularFile, readRegularFileSync } from '../../src/shared/read-regular-file.ts';

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), 'headgate-files-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** The text of a file, or the code of the error, by both functions. */
async function read(path: string): Promise<readonly [string, string]> {
  const code = (error: NodeJS.ErrnoException) => `error: ${error.code}`;
  const attempt = () => {
    try {
      return readRegularFileSync(path);
    } catch (error) {
      return code(error as NodeJS.ErrnoException);
    }
  };
  return [attempt(), await readRegularFile(path).catch(code)];
}

test('a file is read, also through a link', async () => {
  const dir = scratch();
  writeFileSync(join(dir, 'a'), 'text é');
  symlinkSync('a', join(dir, 'link'));
  expect(await read(join(dir, 'a'))).toEqual(['text é', 'text é']);
  expect(await read(join(dir, 'link'))).toEqual(['text é', 'text é']);
});

test.skipIf(process.platform === 'win32')(
  'a pipe that nothing writes to, and other things that are no file',
  async () => {
    const dir = scratch();
    execFileSync('mkfifo', [join(dir, 'pipe')]);
    const special = 'error: it is a pipe, a socket or a device';
    expect(await read(join(dir, 'pipe'))).toEqual([special, special]);
    expect(await read('/dev/null')).toEqual([special, special]);
    expect(await read(dir)).toEqual(['error: EISDIR', 'error: EISDIR']);
    expect(await read(join(dir, 'none'))).toEqual(['error: ENOENT', 'error: ENOENT']);
  },
);
