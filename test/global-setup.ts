import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../node_modules/.cache', import.meta.url));

/** Names the folder that `test/cli/built-cli.ts` builds into. It is within the project, where packages are found. */
export default function setUp(): () => void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'headgate-test-'));
  process.env.HEADGATE_TEST_BUILD = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
