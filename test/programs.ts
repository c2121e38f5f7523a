import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Chromium is, or would be. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The programs besides Node that some tests start. A test without its program is skipped, and reported as left out. */
export const PROGRAMS = {
  'redis-server': isInstalled('redis-server'),
  'nats-server': isInstalled('nats-server'),
  nginx: isInstalled('nginx'),
  varnishd: isInstalled('varnishd'),
  chromium: existsSync(CHROMIUM),
  openssl: isInstalled('openssl'),
  bash: isInstalled('bash'),
  curl: isInstalled('curl'),
  jq: isInstalled('jq'),
  python3: isInstalled('python3'),
  prometheus: isInstalled('prometheus'),
  promtool: isInstalled('promtool'),
};

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((dir) => existsSync(join(dir, program)));
}
