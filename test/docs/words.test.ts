import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ownWords } from './own-words.ts';
import { AVOIDED, type Finding, findAvoided, findAvoidedTypes } from './words.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Rooms of `src/`, and files directly in it, whose identifiers, comments and messages are checked as well. */
const ROOMS: readonly string[] = readdirSync(join(ROOT, 'src'));

/** Files that have these words because they are about them. */
const OF_THE_LIST = new Set(['test/docs/words.ts', 'test/docs/words.test.ts']);

/** Written from the texts of `src/config/`. */
const GENERATED = 'docs/configuration-keys.md';

const PAGES = ['README.md', 'CONTRIBUTING.md', 'subgraphs/README.md', ...filesIn('docs', '.md')].filter(
  (page) => page !== GENERATED || ROOMS.includes('config'),
);

/** Folders whose comments, identifiers and titles of tests are checked; the words of schemas and data are those of their domain. */
const FOLDERS: readonly string[] = ['subgraphs', 'bench', ...foldersIn('test')];

function foldersIn(dir: string): string[] {
  const entries = readdirSync(join(ROOT, dir), { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(dir, name));
}

function filesIn(dir: string, ending: string): string[] {
  const files = readdirSync(join(ROOT, dir), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith(ending)).map((file) => join(dir, file));
}

describe('words that readers have to guess', () => {
  it('are found in sentences and in identifiers', () => {
    expect(
      findAvoided('Each error is told once.\nconst toldAt = 0;\nclass FrontDoor {}\nIt is served\nno more.'),
    ).toMatchObject([
      { line: 1, avoid: 'told' },
      { line: 2, avoid: 'told' },
      { line: 3, avoid: 'front door' },
      { line: 4, avoid: 'served no more' },
    ]);
  });

  it('are found as names of types', () => {
    const code = 'export interface Exchange {}\nclass ExchangeRate {}\n// the exchange of a code for a token';
    expect(findAvoidedTypes(code)).toMatchObject([{ line: 1, avoid: 'Exchange', write: 'RequestContext' }]);
  });

  it('are found as whole words alone', () => {
    expect(findAvoided('An untoldable threshold of heedless desktops')).toEqual([]);
  });

  it('are written in lower case, each once, with what to write instead', () => {
    const words = AVOIDED.map(({ avoid }) => avoid);
    expect(words).toEqual([...new Set(words)]);
    expect(words.filter((word) => !/^[a-z ]+$/.test(word))).toEqual([]);
    expect(AVOIDED.filter(({ write }) => write === '')).toEqual([]);
  });

  it.each(PAGES)('are not in %s', (file) => expectNone([file]));

  it.each(ROOMS)('are not in src/%s', (room) => {
    expect(existsSync(join(ROOT, 'src', room))).toBe(true);
    expectNone(room.endsWith('.ts') ? [join('src', room)] : filesIn(join('src', room), '.ts'));
  });
});

describe('words that readers of tests have to guess', () => {
  it('are found in comments, identifiers and titles, and not in data', () => {
    const code =
      "// told\nconst told = 'told';\ntest.each(['told'])('is told', () => {\n  expect('told').toBe(`told ${1} told`);\n});";
    expect(findAvoided(ownWords(code, 'example.ts')).map(({ line }) => line)).toEqual([1, 2, 3]);
  });

  it.each(FOLDERS)('are not in %s', (folder) => {
    const files = filesIn(folder, '.ts').filter((file) => !OF_THE_LIST.has(file));
    // a file without the words at all need not be read as code
    expectNone(files, (text, file) => (findAvoided(text).length === 0 ? [] : findAvoided(ownWords(text, file))));
  });
});

function expectNone(files: readonly string[], find: (text: string, file: string) => Finding[] = findAll): void {
  const found = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    return find(text, file).map(({ line, avoid, write }) => `${file}:${line}  "${avoid}": write ${write}`);
  });
  expect(found).toEqual([]);
}

function findAll(text: string, file: string): Finding[] {
  return [...findAvoided(text), ...(file.endsWith('.ts') ? findAvoidedTypes(text) : [])];
}
