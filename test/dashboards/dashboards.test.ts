import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { everyMetric } from '../../docs/telemetry.gen.ts';
import { folderOf } from '../bff/support.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { post } from '../gateway/serving.ts';
import { PROGRAMS } from '../programs.ts';
import { usedMetrics } from './expressions.ts';

const ROOT = join(import.meta.dirname, '../..');
const RULES = join(ROOT, 'dashboards/prometheus-alerts.yaml');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}
const { groups } = parse(readFileSync(RULES, 'utf8')) as { groups: readonly { rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}
const grafana = JSON.parse(readFileSync(join(ROOT, 'dashboards/grafana.json'), 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
};
const targets = grafana.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));

const expressions = [
  ...rules.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...targets.map(({ title, expr, legendFormat }) => [`panel ${title}: ${legendFormat}`, expr] as const),
  ...grafana.annotations.list.map(({ expr }) => ['annotation', expr] as const),
];

/** Metrics that only a gateway with workers has, or one with Redis. Their own tests read them. */
const ELSEWHERE = ['headgate_workers', 'headgate_redis_up'];

const shop = {
  shop: { typeDefs: 'type Query { hello: String }', resolvers: { Query: { hello: () => 'hi' } } },
};

/** The text of the metrics of a gateway with every layer around its subgraph, after a few requests. */
async function exposed(): Promise<string> {
  const groupsOfTraffic = { retry: {}, hedge: {}, circuit_breaker: {}, concurrency: { max: 10, queue: 10 } };
  const { server, behave } = await httpWorld(shop, {
    config: {
      telemetry: {
        metrics: { client_versions: { enabled: true }, consumers: { enabled: true } },
        exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } },
      },
      traffic_shaping: { router: { adaptive_concurrency: { enabled: true } }, all: groupsOfTraffic },
      subgraphs: { shop: { urls: [{ url: 'http://127.0.0.1:1/graphql' }, { url: 'http://127.0.0.1:2/graphql' }] } },
      demand_control: { enabled: true, actual_cost: true },
      rate_limits: { requests: [{ name: 'all', limit: 3, window: '1h' }] },
      limits: { max_buffered_bytes: '64MiB' },
      authentication: { router: { jwt: { jwks: [{ url: 'http://127.0.0.1:1/jwks' }] } } },
    },
  });
  behave('shop', undefined);
  const headers = { 'apollographql-client-name': 'web', 'apollographql-client-version': '1' };
  for (let i = 0; i < 4; i++) await post(server.url, { query: 'query Hello { hello }' }, headers);
  return vi.waitFor(async () => {
    const text = await (await fetch(server.metricsUrl ?? '')).text();
    expect(text).toContain('status="429"');
    return text;
  });
}

describe('what dashboards and alerts read', () => {
  test('are metrics that a running gateway exposes', async () => {
    const text = await exposed();
    const there = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const read = new Set(expressions.flatMap(([, expr]) => usedMetrics(expr)).map(({ name }) => name));
    expect(read.size).toBeGreaterThan(30);
    expect([...read].filter((name) => !there.has(name) && !ELSEWHERE.includes(name) && name !== 'up')).toEqual([]);
    const known = new Set((await everyMetric()).map(({ name }) => name));
    expect(ELSEWHERE.filter((name) => !known.has(name))).toEqual([]);
  });

  test('are labels that these metrics have', async () => {
    const known = new Map((await everyMetric()).map(({ name, labels }) => [name, labels]));
    known.set('up', []);
    // of the garbage collection, before it has run
    known.set('nodejs_gc_duration_seconds', ['kind']);
    for (const [where, expr] of expressions) {
      const missing = usedMetrics(expr).flatMap(({ name, labels }) =>
        labels.filter((label) => !known.get(name)?.includes(label)).map((label) => `${name}{${label}}`),
      );
      expect(missing, where).toEqual([]);
    }
  });

  test('the labels of a legend are those that the expression keeps', () => {
    for (const { title, expr, legendFormat } of targets) {
      const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(/,\s*/));
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      const lost = shown.filter((label) => label !== 'instance' && !kept.includes(label ?? ''));
      expect(lost, `${title}: ${legendFormat}`).toEqual([]);
    }
  });
});

test('every alert has a summary, and a section of the runbook with its name', () => {
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, annotations } of rules) {
    expect(annotations.summary).not.toBe('');
    expect(annotations.runbook_url).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
  }
  const runbook = join(ROOT, 'docs/runbook.md');
  const headings = [...readFileSync(runbook, 'utf8').matchAll(/^#+ (Headgate\w+)$/gm)].map(([, name]) => name);
  expect(headings).toEqual(expect.arrayContaining(rules.map(({ alert }) => alert)));
});

describe.skipIf(!PROGRAMS.promtool)('promtool', () => {
  const promtool = (args: readonly string[], input?: string) =>
    spawnSync('promtool', args, { cwd: ROOT, encoding: 'utf8', input });

  test('accepts the rules', () => {
    const { status, stdout, stderr } = promtool(['check', 'rules', '--lint-fatal', RULES]);
    expect({ status, said: stdout + stderr }).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
  });

  test('accepts the expressions of the dashboard', () => {
    // Grafana's variables stand for what it fills in
    const filled = targets.map(({ expr }) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$job', '.*'));
    const asRules = filled.map((expr, index) => ({ record: `panel_${index}`, expr }));
    const rulesText = JSON.stringify({ groups: [{ name: 'dashboard', rules: asRules }] });
    const file = join(folderOf({ 'dashboard.yaml': rulesText }), 'dashboard.yaml');
    const { status, stderr } = promtool(['check', 'rules', file]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('each fault raises its alert, and nothing else does', () => {
    const output = execFileSync('promtool', ['test', 'rules', 'test/dashboards/alerts.test.yaml'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(output).toContain('SUCCESS');
  });

  test('finds nothing wrong with the metrics of a running gateway', async () => {
    const { status, stdout, stderr } = promtool(['check', 'metrics'], await exposed());
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
