/**
 * Measures how far our plans are from the best ones over small random worlds, and puts the table into
 * docs/planner-quality.md: `npx tsx bench/planner/optimum.ts [--worlds 400] [--seed 20260102]`.
 */
import { parseArgs } from 'node:util';
import { compareRandomWorlds, type Pair } from '../../test/planner-oracle/compare-worlds.ts';
import { writeSection } from './document.ts';

const { values } = parseArgs({
  options: { worlds: { type: 'string', default: '400' }, seed: { type: 'string', default: '20260102' } },
});
const compared = compareRandomWorlds(Number(values.seed), Number(values.worlds));

const lines = [
  '| best plan | queries | requests: +0 / +1 / more | waves: +0 / +1 / more |',
  '| --- | --: | --- | --- |',
];
const row = (title: string, pairs: readonly Pair[]) =>
  lines.push(`| ${title} | ${pairs.length} | ${print(pairs, 'requests')} | ${print(pairs, 'waves')} |`);
row('no request, or one', pairsOf(0, 1));
row('two requests', pairsOf(2, 2));
row('three or four', pairsOf(3, 4));
row('five to eight', pairsOf(5, 8));
row('**all**', compared);
const share = compared.filter(({ ours, best }) => ours.requests === best.requests).length / compared.length;
const text = `${lines.join('\n')}\n\nThe fewest requests: ${(share * 100).toFixed(1)} % of the queries.\n`;
console.log(text);
writeSection('optimum', text);

function pairsOf(from: number, to: number): Pair[] {
  return compared.filter(({ best }) => best.requests >= from && best.requests <= to);
}

function print(pairs: readonly Pair[], measure: 'requests' | 'waves'): string {
  const excess = pairs.map(({ ours, best }) => ours[measure] - best[measure]);
  const count = (is: (more: number) => boolean) => excess.filter(is).length;
  return `${count((more) => more === 0)} / ${count((more) => more === 1)} / ${count((more) => more > 1)}`;
}
