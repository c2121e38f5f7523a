import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AVOIDED, findAvoided, findAvoidedTypes } from './words.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Rooms of `src/`, and files directly in it, whose identifiers, comments and messages are checked as well. */
const ROOMS: readonly string[] = readdirSync(join(ROOT, 'src'));

/** Written from the texts of `src/config/`. */
const GENERATED = 'docs/configuration-keys.md';

const PAGES = ['README.md', 'CONTRIBUTING.md', 'subgraphs/README.md', ...filesIn('docs', '.md')].filter(
  (page) => page !== GENERATED || ROOMS.includes('config'),
);

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

function expectNone(files: readonly string[]): void {
  const found = files.flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const all = [...findAvoided(text), ...(file.endsWith('.ts') ? findAvoidedTypes(text) : [])];
    return all.map(({ line, avoid, write }) => `${file}:${line}  "${avoid}": write ${write}`);
  });
  expect(found).toEqual([]);
}
