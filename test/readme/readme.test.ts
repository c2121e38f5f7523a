import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Demo, startDemo } from '../../subgraphs/start.ts';
import { freePorts } from '../subgraphs/call.ts';
import { type Block, readBlocks, readSteps, type Step } from './blocks.ts';
import { Reader } from './reader.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');
const steps = readSteps(readBlocks('README.md', README));

let demo: Demo;
let reader: Reader;

beforeAll(async () => {
  demo = await startDemo({ ports: freePorts });
  const urls = Object.entries(demo.services).map(([name, { url }]) => [`${name.toUpperCase()}_URL`, url]);
  reader = await Reader.arrive(Object.fromEntries(urls));
});

afterAll(async () => {
  await reader?.leave();
  await demo?.close();
});

/** The same, where `…` in what the document shows stands for anything. */
function expectShown(printed: string, { language, text }: Block): void {
  if (language !== 'json') return expect(printed).toBe(text);
  expect(JSON.parse(printed)).toEqual(withGaps(JSON.parse(text)));
}

function withGaps(shown: unknown): unknown {
  if (shown === '…') return expect.anything();
  if (Array.isArray(shown)) return shown.map(withGaps);
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, withGaps(value)]));
}

async function runOnce({ words, text, shows }: Step): Promise<void> {
  const { code, text: printed } = await reader.run(text);
  if (shows) expectShown(printed, shows);
  expect({ code, printed }).toEqual({ code: words.includes('fails') ? 1 : 0, printed });
}

/** A program of the document's, with the package's public face under its name. */
async function runProgram(text: string): Promise<void> {
  const face = JSON.stringify(new URL('../../src/index.ts', import.meta.url).href);
  const program = text.replace(`'headgate'`, face).replace('listen(4200', 'listen(0');
  await writeFile(join(reader.dir, 'program.mts'), program);
  const command = `exec "${process.execPath}" --import ${import.meta.resolve('tsx')} program.mts`;
  expect(await reader.runUntil(command, 'ready')).toEqual({ code: 0, text: 'ready' });
}

async function take(step: Step): Promise<void> {
  const [how = '', port = ''] = (step.words[0] ?? '').split('=');
  if (step.language === 'by-hand') {
    if (how === 'stop') expect(await reader.stop(step.text)).toBe(0);
    else if (how === 'start') await reader.startAgain(step.text);
    else throw new Error(`${step.at}: nobody knows how to "${how}"`);
  } else if (how === 'serve') {
    await reader.serve(step.text, port);
    const { shows } = step;
    if (shows) await vi.waitFor(() => expectShown(reader.printed(port), shows), 30_000);
  } else if (how === 'script')
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).scripts).toHaveProperty(port);
  else if (how === 'embed') await runProgram(step.text);
  else if (step.words.includes('eventually')) await vi.waitFor(() => runOnce(step), { timeout: 50_000, interval: 250 });
  else await runOnce(step);
}

describe('what README.md says, in its order', () => {
  test('every block is run', () => {
    const known = /^(run|serve=\d+|script=\w+|embed|stop|start)$/;
    expect(steps.filter(({ words }) => !known.test(words[0] ?? '')).map(({ at }) => at)).toEqual([]);
    expect(steps.length).toBeGreaterThan(25);
  });

  test.each(steps.map((step) => [step.at, step.text.split('\n')[0] ?? '', step] as const))(
    '%s  %s',
    (_at, _text, step) => take(step),
  );

  test('links lead to files', async () => {
    const links = [...README.matchAll(/\]\((?!http)([^)#]+)\)/g)].map((match) => match[1] ?? '');
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(readFileSync(join(ROOT, link), 'utf8').length).toBeGreaterThan(0);
  });
});
