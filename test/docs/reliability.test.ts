import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FIGURE_GROUPS } from '../../bench/faults/figures.ts';

const ROOT = join(import.meta.dirname, '../..');
const [PAGE = '', FIGURES = ''] = readFileSync(join(ROOT, 'docs/reliability.md'), 'utf8').split('\n## Figures\n');

/** The rows of all tables of the page: a promise, how it is kept, and the cell with the command. */
const ROWS = rowsOf(PAGE, '| promise |');

function rowsOf(text: string, titles: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith(titles) && !line.startsWith('| --- |'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

/** A command of the page, such as `npx vitest run --project quick test/a.test.ts -t name`. */
interface Command {
  readonly project: string;
  readonly files: readonly string[];
  /** The words of `-t`. */
  readonly name: string | undefined;
}

function readCommand(cell: string): Command | undefined {
  const [, project, files, quoted, plain] =
    /^`npx vitest run --project (\w+)((?: test\/[\w./-]+)+)(?: -t (?:"([^"]+)"|(\S+)))?`$/.exec(cell) ?? [];
  if (project === undefined || files === undefined) return undefined;
  return { project, files: files.trim().split(' '), name: quoted ?? plain };
}

/** The suite of a test file, as in `vitest.config.ts`. */
function suiteOf(file: string): string {
  return /\.(long|proof)\.test\.ts$/.exec(file)?.[1] ?? 'quick';
}

test('the page is a table of promises', () => expect(ROWS.length).toBeGreaterThan(20));

describe.each(ROWS)('%s', (promise, kept, cell = '') => {
  test('says how it is kept', () => expect([promise, kept].filter(Boolean)).toHaveLength(2));

  test('has a command that runs tests', () => {
    const command = readCommand(cell);
    expect(command, cell).toBeDefined();
    for (const file of command?.files ?? []) {
      expect(existsSync(join(ROOT, file)), file).toBe(true);
      expect(suiteOf(file), file).toBe(command?.project);
      const { name } = command ?? {};
      if (name !== undefined) expect(readFileSync(join(ROOT, file), 'utf8')).toMatch(titleWith(name));
    }
  });
});

describe('figures', () => {
  const rows = rowsOf(FIGURES, '| figure |');
  const names = FIGURE_GROUPS.map(({ name }) => name);

  test('each of the bench is on the page', () => {
    const shown = rows.map(([, , , command = '']) => /^`npm run bench:faults -- --only ([\w-]+)`$/.exec(command)?.[1]);
    expect(new Set(shown)).toEqual(new Set(names));
  });
});

/** Matches the title of a test or of a group of tests with these words. */
function titleWith(words: string): RegExp {
  const escaped = words.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`\b(?:test|it|describe)(?:\.\w+)*\((?:[^'\n]*\)\()?\s*'[^'\n]*${escaped}`);
}
