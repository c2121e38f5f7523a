/**
 * Measures what clients see of faults of subgraphs: `npm run bench:faults [-- --only NAME] [--seconds N] [--rate N]`. Starts the built
 * gateway over subgraphs in processes of their own, switches their faults under a steady load, and prints a table for each
 * kind of figure. docs/reliability.md says what each is expected to be.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measure } from '../../test/faults/in-world.ts';
import { ROOT } from '../gateways.ts';
import { FIGURE_GROUPS } from './figures.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '12' },
    rate: { type: 'string', default: '200' },
    cli: { type: 'string', default: join(ROOT, 'dist/cli.js') },
  },
});
const names = FIGURE_GROUPS.map(({ name }) => name);
if (values.only !== undefined && !names.includes(values.only)) {
  console.error(`--only: there is no figure "${values.only}"; there are ${names.join(', ')}`);
  process.exit(1);
}
const measure: Measure = { cli: values.cli, seconds: Number(values.seconds), perSecond: Number(values.rate) };

for (const { name, titles, rows } of FIGURE_GROUPS) {
  if (values.only !== undefined && values.only !== name) continue;
  console.log(`\n| ${titles.join(' | ')} |\n| ${titles.map((_, at) => (at === 0 ? '---' : '--:')).join(' | ')} |`);
  for await (const row of rows(measure)) console.log(`| ${row.join(' | ')} |`);
}
