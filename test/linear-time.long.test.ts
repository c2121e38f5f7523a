import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkSync } from 'recheck';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = join(import.meta.dirname, '../src');

/** Compiles patterns that stand in the config, with RE2's algorithm. */
const LINEAR_PATTERNS = 'config/linear-pattern.ts';
/** Written with constants that nobody outside can choose; they cannot be read here. */
const OF_CONSTANTS = ['shared/exact-json.ts', 'config/origin-patterns.ts'];

interface Found {
  readonly file: string;
  readonly text: string;
}

const literals: Found[] = [];
const constructed: Found[] = [];

for (const file of readdirSync(SRC, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const source = ts.createSourceFile(file, readFileSync(join(SRC, file), 'utf8'), ts.ScriptTarget.Latest, true);
  const look = (node: ts.Node): void => {
    if (ts.isRegularExpressionLiteral(node)) literals.push({ file, text: node.text });
    if (ts.isIdentifier(node) && (node.text === 'RegExp' || node.text === 'RE2JS')) {
      if (file !== LINEAR_PATTERNS && !OF_CONSTANTS.includes(file) && !ts.isTypeReferenceNode(node.parent))
        constructed.push({ file, text: node.parent.getText() });
    }
    ts.forEachChild(node, look);
  };
  look(source);
}

describe('regular expressions', () => {
  it('are found', () => {
    expect(literals.length).toBeGreaterThan(100);
    expect(literals.map(({ text }) => text)).toContain('/^\\d{1,5}$/');
  });

  it('are compiled of texts in one place only, which is linear for every pattern', () => {
    expect(constructed).toEqual([]);
  });

  it('take time linear in the text', { timeout: 120_000 }, () => {
    const slow: unknown[] = [];
    for (const { file, text } of literals) {
      const end = text.lastIndexOf('/');
      const { status } = checkSync(text.slice(1, end), text.slice(end + 1), { timeout: 60_000 });
      if (status !== 'safe') slow.push({ file, text, status });
    }
    expect(slow).toEqual([]);
  });

  it('are known for what they are', () => {
    expect(checkSync('^application/json\\s*(;\\s*charset=utf-8)?\\s*$', 'i').status).toBe('vulnerable');
  });
});
