import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { httpWorld } from '../gateway/http-world.ts';
import { post } from '../gateway/serving.ts';
import { PROGRAMS } from '../programs.ts';

const RULES = join(import.meta.dirname, '../../dashboards/prometheus-alerts.yaml');
const PATIENCE = { timeout: 90_000, interval: 250 };
const TRACE = '0af7651916cd43dd8448eb211c80319c';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Starts Prometheus, which scrapes one target each second. Returns what reads its API. */
async function startPrometheus(target: string) {
  const port = await freePort();
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    scrape_configs: [{ job_name: 'headgate', static_configs: [{ targets: [target] }] }],
    rule_files: [RULES],
  };
  const dir = folderOf({ 'prometheus.yml': JSON.stringify(config) });
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(dir, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: 'ignore' },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const api = async (path: string, parameters: Record<string, string> = {}) => {
    const url = `http://127.0.0.1:${port}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    return (await (await fetch(url)).json()) as { data: { result?: unknown[]; groups?: unknown[] } & unknown[] };
  };
  await vi.waitFor(() => fetch(`http://127.0.0.1:${port}/-/ready`).then(({ ok }) => expect(ok).toBe(true)), PATIENCE);
  return api;
}

describe.skipIf(!PROGRAMS.prometheus)('a real Prometheus', () => {
  test('scrapes the gateway, stores its exemplars, and evaluates the alert rules', async () => {
    const { server, update } = await httpWorld(
      { shop: { typeDefs: 'type Query { hello: String }', resolvers: { Query: { hello: () => 'hi' } } } },
      { config: { telemetry: { exporters: { metrics: { prometheus: { enabled: true, listen: '127.0.0.1:0' } } } } } },
    );
    const api = await startPrometheus(new URL(server.metricsUrl ?? '').host);
    const traceparent = `00-${TRACE}-b7ad6b7169203331-01`;
    for (let i = 0; i < 3; i++) await post(server.url, { query: 'query Front { hello }' }, { traceparent });
    const query = 'headgate_operation_requests_total{operation="Front",result="ok"}';
    await vi.waitFor(async () => {
      const { data } = await api('query', { query });
      expect(data.result).toMatchObject([
        { metric: { job: 'headgate', type: 'query' }, value: [expect.any(Number), '3'] },
      ]);
    }, PATIENCE);
    const exemplars = { query: 'headgate_http_request_duration_seconds_bucket', start: '0', end: '4000000000' };
    await vi.waitFor(async () => {
      const { data } = await api('query_exemplars', exemplars);
      expect(data[0]).toMatchObject({ exemplars: [{ labels: { trace_id: TRACE } }] });
    }, PATIENCE);
    update('type Query { this: IsNone }');
    await vi.waitFor(async () => {
      const firing = await api('query', { query: 'ALERTS{alertname="HeadgateReloadFailed",alertstate="firing"}' });
      expect(firing.data.result).toHaveLength(1);
    }, PATIENCE);
  });
});
