import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { HOOK_NAMES } from '../../src/plugins/hooks.ts';
import { followDocument } from '../readme/document.ts';

describe('what docs/plugins.md says, in its order', () => {
  followDocument('docs/plugins.md', { atLeast: 30 });

  test('has a section for each hook, in their order', () => {
    const page = readFileSync(new URL('../../docs/plugins.md', import.meta.url), 'utf8');
    expect([...page.matchAll(/^### (on\w+)$/gm)].map(([, name]) => name)).toEqual([...HOOK_NAMES]);
  });
});
