import type { Compared } from './compared.ts';
import { EXPLANATIONS } from './explanations.ts';
import type { Planned } from './planned.ts';

/** Both planned: the numbers side by side. */
interface Pair {
  readonly ours: Planned;
  readonly theirs: Planned;
}

type Measure = 'requests' | 'waves';

/** Our plans must take no more than theirs in this share of the cases, for requests and for waves. */
const SHARE = 0.98;
/** And nowhere more than this many more. */
const EXCESS = 1;

/** A row for each kind of cases, and one for all. */
export function printTable(compared: readonly Compared[]): string {
  const rows = [...new Set(compared.map(({ row }) => row))];
  const lines = [
    '| cases | queries | planned by us only | by them only | theirs breaks a rule | compared | requests: fewer / same / more | waves: fewer / same / more | ours ≤ theirs (requests, waves) | most that ours is above |',
    '| --- | --: | --: | --: | --: | --: | --- | --- | --- | --- |',
    ...rows.map((row) =>
      printRow(
        row,
        compared.filter((one) => one.row === row),
      ),
    ),
    printRow('**all**', compared),
  ];
  return `${lines.join('\n')}\n`;
}

function printRow(title: string, compared: readonly Compared[]): string {
  const pairs = pairsOf(compared);
  const only = (outcome: string) => compared.filter((one) => one.outcome === outcome).length;
  const share = (measure: Measure) => percent(1 - count(pairs, measure, 1) / Math.max(1, pairs.length));
  const cells = [
    title,
    compared.length,
    only('only ours'),
    only('only theirs'),
    only('theirs breaks a rule'),
    pairs.length,
    printSigns(pairs, 'requests'),
    printSigns(pairs, 'waves'),
    `${share('requests')}, ${share('waves')}`,
    `${excess(pairs, 'requests')} requests, ${excess(pairs, 'waves')} waves`,
  ];
  return `| ${cells.join(' | ')} |`;
}

function pairsOf(compared: readonly Compared[]): Pair[] {
  return compared.flatMap(({ ours, theirs, outcome }) =>
    'problem' in ours || 'problem' in theirs || outcome === 'theirs breaks a rule' ? [] : [{ ours, theirs }],
  );
}

function count(pairs: readonly Pair[], measure: Measure, sign: number): number {
  return pairs.filter(({ ours, theirs }) => Math.sign(ours[measure] - theirs[measure]) === sign).length;
}

function printSigns(pairs: readonly Pair[], measure: Measure): string {
  return [-1, 0, 1].map((sign) => count(pairs, measure, sign)).join(' / ');
}

function excess(pairs: readonly Pair[], measure: Measure): number {
  return Math.max(0, ...pairs.map(({ ours, theirs }) => ours[measure] - theirs[measure]));
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** What is broken of the bounds that the comparison has to keep, one a line. */
export function findBreaches(compared: readonly Compared[]): string[] {
  const breaches: string[] = [];
  const pairs = pairsOf(compared);
  for (const { name, outcome, ours } of compared) {
    if (outcome === 'only theirs') breaches.push(`${name}: they have a plan, we have none`);
    if ('broken' in ours) breaches.push(...ours.broken.map((problem) => `${name}: our plan breaks a rule: ${problem}`));
  }
  for (const measure of ['requests', 'waves'] as const) {
    const worse = count(pairs, measure, 1);
    if (worse > pairs.length * (1 - SHARE))
      breaches.push(`more ${measure} than theirs in ${worse} of ${pairs.length} cases; at most 2 % are allowed`);
    if (excess(pairs, measure) > EXCESS)
      breaches.push(`up to ${excess(pairs, measure)} more ${measure} than theirs; at most ${EXCESS} is allowed`);
  }
  return breaches;
}

/** Whether there is anything that they do better: a plan at all, fewer requests, or fewer waves. */
export function isWorse({ outcome, ours, theirs }: Compared): boolean {
  if ('problem' in ours || 'problem' in theirs || outcome === 'theirs breaks a rule') return outcome === 'only theirs';
  return ours.requests > theirs.requests || ours.waves > theirs.waves;
}

/** A case where ours is worse: the query, and with `whole` both plans. */
export function printWorse({ name, query, ours, theirs }: Compared, whole: boolean): string {
  const title = `=== ${name}: ${describe(ours)}, theirs ${describe(theirs)}`;
  if (!whole) return title;
  const text = (plan: Compared['ours']) => ('problem' in plan ? plan.problem : [...plan.broken, plan.text].join('\n'));
  return `${title}\n${query.trim()}\n--- ours\n${text(ours)}--- theirs\n${text(theirs)}`;
}

function describe(plan: Compared['ours']): string {
  return 'problem' in plan ? `none (${plan.problem})` : `${plan.requests} requests in ${plan.waves} waves`;
}

/** The list of worse cases, each with why; without what any of them asks. */
export function printWorseForPeople(compared: readonly Compared[]): string {
  const worse = compared.filter(isWorse);
  if (worse.length === 0) return 'There is no case in which our plan is worse.\n';
  const lines = worse.map(({ name, ours, theirs }) => {
    const why = EXPLANATIONS.find(({ cases }) => cases.includes(name))?.why ?? 'not explained yet';
    return `- \`${name}\`: ours ${describe(ours)}, theirs ${describe(theirs)}: ${why}`;
  });
  return `Cases in which our plan is worse:\n\n${lines.join('\n')}\n`;
}
