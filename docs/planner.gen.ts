import { readFile, writeFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { loadSupergraph } from '../src/composition/load-supergraph.ts';
import { explainPlan, PLAN_STAGES } from '../src/pipeline/explain.ts';
import { readSupergraph } from '../src/supergraph/supergraph.ts';

export const PAGE = new URL('planner.md', import.meta.url);
const QUERY = /```graphql\n([\s\S]*?)```/;

/**
 * Writes the page's stages anew: each block between `<!-- stage: NAME -->` and `<!-- end -->` becomes what that stage makes
 * of the page's first query over the demo's schemas.
 * @throws Error when the schemas do not compose, or the page lacks its query or one of the stages
 */
export async function writeStages(page: string): Promise<string> {
  const loaded = await loadSupergraph({ schemasDir: 'schemas' }, {});
  if (!loaded.ok) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  const supergraph = readSupergraph(loaded.update.sdl);
  const query = QUERY.exec(page)?.[1];
  if (query === undefined) throw new Error('docs/planner.md has no query');
  let written = page;
  for (const stage of PLAN_STAGES) {
    const block = new RegExp(`(<!-- stage: ${stage} -->\n)[\\s\\S]*?(<!-- end -->)`);
    if (!block.test(written)) throw new Error(`docs/planner.md does not show the stage "${stage}"`);
    const text = explainPlan(supergraph, { query, stage });
    written = written.replace(block, (_, start, end) => `${start}\`\`\`text\n${text}\`\`\`\n${end}`);
  }
  return written;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await writeFile(PAGE, await writeStages(await readFile(PAGE, 'utf8')));
}
