/**
 * The entry of the composer thread where the sources run without a build: a thread does not inherit what reads TypeScript. One bundle
 * starts in a third of the time that the many files take, so it is kept until one of them changes.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { threadId } from 'node:worker_threads';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLE = join(ROOT, 'node_modules/.cache/headgate-composer-thread/bundle.mjs');
/** Comes before the last line, which has the time of the last change of each input. */
const INPUTS = '\n// inputs: ';

if (!isCurrent()) await bundle();
await import(pathToFileURL(BUNDLE).href);

/** Returns whether there is a bundle, and no input has changed since. */
function isCurrent() {
  try {
    const text = readFileSync(BUNDLE, 'utf8');
    const inputs = JSON.parse(text.slice(text.lastIndexOf(INPUTS) + INPUTS.length));
    return Object.entries(inputs).every(([file, changed]) => changedAt(file) === changed);
  } catch {
    return false;
  }
}

/** Returns the milliseconds of the last change of a file of the project. */
function changedAt(file) {
  return statSync(join(ROOT, file)).mtimeMs;
}

async function bundle() {
  // Else esbuild keeps a process and one more thread, and nothing waits for their end when this thread ends.
  process.env.ESBUILD_WORKER_THREADS = '0';
  const { buildSync } = await import('esbuild');
  const started = Date.now();
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: ROOT,
    entryPoints: ['src/composition/composer-thread.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    minifyWhitespace: true,
    // Bundled CommonJS calls `require` for what is built into Node.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'error',
  });
  const sources = Object.keys(metafile.inputs).filter((file) => !file.startsWith('node_modules/'));
  const inputs = ['package-lock.json', 'src/composition/composer-thread.mjs', ...sources];
  // a file that has changed meanwhile gets a time that is not its own, so that the next thread reads it again
  const changed = Object.fromEntries(inputs.map((file) => [file, Math.min(changedAt(file), started)]));
  mkdirSync(dirname(BUNDLE), { recursive: true });
  // a thread of another process reads the old bundle or the new one, never a part
  const written = `${BUNDLE}.${process.pid}.${threadId}`;
  writeFileSync(written, `${outputFiles[0].text}${INPUTS}${JSON.stringify(changed)}`);
  renameSync(written, BUNDLE);
}
