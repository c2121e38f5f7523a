import { expect, test } from 'vitest';
import { composeSupergraph } from '../../src/composition/compose.ts';
import { readSource } from '../../src/composition/read-source.ts';
import type { SourceDefinition } from '../../src/composition/source-definition.ts';
import type { Problem } from '../../src/config/problem.ts';
import { ERRORS } from './error-cases.ts';

function problemsOf(files: Readonly<Record<string, string>>): readonly Problem[] {
  const sources: SourceDefinition[] = [];
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(files)) {
    const read = readSource({ name, file: `schemas/${name}.graphql`, text }, {});
    if (Array.isArray(read)) problems.push(...read);
    else sources.push(read);
  }
  if (problems.length > 0) return problems;
  const composition = composeSupergraph(sources);
  return composition.ok ? [] : composition.problems;
}

test.each(ERRORS.map((error) => [error.code, error.at, error.files] as const))('%s stands at %s', (code, at, files) => {
  const found = problemsOf(files).map(
    (problem) => `${problem.code} schemas/${problem.file.split('/')[1]}:${problem.line}`,
  );
  expect(found).toContain(`${code} schemas/${at}`);
});

test('what is wrong with all files together stands in none of them', () => {
  const problems = problemsOf({ a: 'extend schema @subgraph(url: "http://a")\ntype T { x: Int }' });
  expect(problems).toMatchObject([{ code: 'NO_QUERIES', file: 'schemas', line: 0 }]);
});

test('a message that the composer throws says which directive is meant', () => {
  const [crash] = problemsOf({
    a: 'extend schema @subgraph(url: "http://a")\ntype Query { ok: Int }',
    b: 'extend schema @subgraph(url: "http://b")\ntype T {\n  y: Int\n  x: Int @requiresScopes(scopes: "admin")\n}',
  });
  expect(crash).toMatchObject({ file: 'schemas/b.graphql', line: 4, column: 10, subgraph: 'b' });
  expect(crash?.hint).not.toContain('Take the file');
});

test('a @link to federation without a version says which versions there are', () => {
  const [problem] = problemsOf({
    a: 'extend schema @subgraph(url: "http://a") @link(url: "https://specs.apollo.dev/federation")\ntype Query { ok: Int }',
  });
  expect(problem?.message).toBe(
    'The @link to federation has no version: "https://specs.apollo.dev/federation"; expected v2.0 to v2.15 at its end.',
  );
});
