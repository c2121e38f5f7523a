import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FuzzCase } from './arbitrary.ts';
import { checkCase } from './property.ts';

const folder = new URL('./fixtures/', import.meta.url);

/** Worlds and queries that were once answered wrongly, as small as they could be made. */
describe('what fuzzing once found', () => {
  it.each(readdirSync(folder).sort())('%s', async (file) => {
    const fuzzCase = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as FuzzCase;
    expect(await checkCase(fuzzCase), 'the world no longer composes').toBeDefined();
  });
});
