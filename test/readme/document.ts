import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { builtPackage } from '../cli/built-cli.ts';
import { PROGRAMS } from '../programs.ts';
import { type Block, readBlocks, readSteps, type Step } from './blocks.ts';
import { Reader } from './reader.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KNOWN = /^(run|serve=\d+|script=\w+|embed|stop|start)$/;

export interface DocumentOptions {
  /** Blocks that the document has at least: a test that reads none of them must not pass. */
  readonly atLeast: number;
  /** What the reader's environment has; called before the first block. */
  readonly arrive?: () => Promise<Readonly<Record<string, string>>>;
  readonly leave?: () => Promise<void>;
}

/** Does what a document of the repository says, in its order: one test for each block, one for its links. */
export function followDocument(file: string, { atLeast, arrive, leave }: DocumentOptions): void {
  const markdown = readFileSync(join(ROOT, file), 'utf8');
  const steps = readSteps(readBlocks(file, markdown));
  let reader: Reader;
  const canRun = PROGRAMS.bash && PROGRAMS.curl;

  if (canRun)
    beforeAll(async () => {
      reader = await Reader.arrive((await arrive?.()) ?? {});
    });

  afterAll(async () => {
    await reader?.leave();
    await leave?.();
  });

  test('every block is run', () => {
    expect(steps.filter(({ words }) => !KNOWN.test(words[0] ?? '')).map(({ at }) => at)).toEqual([]);
    expect(steps.length).toBeGreaterThanOrEqual(atLeast);
  });

  test.skipIf(!canRun).for(steps.map((step) => [step.at, step.text.split('\n')[0] ?? '', step] as const))(
    '%s  %s',
    ([, , step]) => take(reader, step),
  );

  test('links lead to files', () => {
    const links = [...markdown.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(file), link)))).toEqual([]);
  });
}

async function take(reader: Reader, step: Step): Promise<void> {
  const [how = '', port = ''] = (step.words[0] ?? '').split('=');
  if (step.language === 'by-hand') {
    if (how === 'stop') expect(await reader.stop(step.text)).toBe(0);
    else if (how === 'start') await reader.startAgain(step.text);
    else throw new Error(`${step.at}: nobody knows how to "${how}"`);
  } else if (how === 'serve') {
    await reader.serve(step.text, port);
    const { shows } = step;
    if (shows) await vi.waitFor(() => expectShown(reader.printed(port), shows), 120_000);
  } else if (how === 'script')
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts).toHaveProperty(port);
  else if (how === 'embed') await runProgram(reader, step.text);
  else if (step.words.includes('eventually'))
    await vi.waitFor(() => runOnce(reader, step), { timeout: 120_000, interval: 250 });
  else await runOnce(reader, step);
}

async function runOnce(reader: Reader, { words, text, shows }: Step): Promise<void> {
  const { code, text: printed } = await reader.run(text);
  if (shows) expectShown(printed, shows);
  expect({ code, printed }).toEqual({ code: words.includes('fails') ? 1 : 0, printed });
}

/** A program of the document's, with the package's public face under its name. */
async function runProgram(reader: Reader, text: string): Promise<void> {
  const face = JSON.stringify(pathToFileURL(join(builtPackage(), 'dist/index.js')).href);
  const program = text.replace(`'headgate'`, face).replace('listen(4200', 'listen(0');
  await writeFile(join(reader.dir, 'program.mjs'), program);
  const command = `exec "${process.execPath}" program.mjs`;
  expect(await reader.runUntil(command, 'ready')).toEqual({ code: 0, text: 'ready' });
}

/** The same, where `…` in what the document shows stands for anything. */
function expectShown(printed: string, { language, text }: Block): void {
  if (language !== 'json') return expect(printed).toMatch(textWithGaps(text));
  expect(JSON.parse(printed)).toEqual(withGaps(JSON.parse(text)));
}

/** A pattern for the whole text, where `…` stands for anything within a line. */
function textWithGaps(shown: string): RegExp {
  const parts = shown.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

function withGaps(shown: unknown): unknown {
  if (shown === '…') return expect.anything();
  if (Array.isArray(shown)) return shown.map(withGaps);
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, withGaps(value)]));
}
