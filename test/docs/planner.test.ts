import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { PAGE, writeStages } from '../../docs/planner.gen.ts';

it('docs/planner.md shows what the planner does now; if not, run `npm run docs:planner`', async () => {
  const page = await readFile(PAGE, 'utf8');
  expect(page).toBe(await writeStages(page));
});

it('a page without one of the stages is not written', async () => {
  const page = (await readFile(PAGE, 'utf8')).replace('stage: batches', 'stage: none');
  await expect(writeStages(page)).rejects.toThrow('does not show the stage "batches"');
});
