/**
 * Sends each attack to a gateway with default limits, and prints what it cost the gateway's process:
 * `npm run bench:attacks [-- WORDS]`; with words, only attacks whose names have them.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startNode } from '../processes.ts';
import { ATTACKS, type Attack } from './attacks.ts';
import { send } from './send.ts';
import { startSubgraph, writeProject } from './world.ts';

/** Of each attack the second of three runs in order of CPU time counts: of the first, some is the compiler's. */
const RUNS = 3;
/** More than this is too much, in milliseconds. */
const ALLOWED_MS = 100;

const CLI = join(import.meta.dirname, '../../dist/cli.js');

const words = process.argv.slice(2).join(' ');
const attacks = ATTACKS.filter(({ name }) => name.includes(words));
const { url, server } = await startSubgraph();
const project = writeProject(url);
const gateway = startNode(
  [
    CLI,
    'start',
    '--config',
    join(project, 'headgate.yaml'),
    '--schemas',
    join(project, 'schemas'),
    '--bff',
    join(project, 'bff'),
    '--port',
    '0',
  ],
  'gateway',
);
try {
  const origin = await originOf();
  for (let i = 0; i < 200; i++)
    await send(origin, { name: '', body: JSON.stringify({ query: `{ item { id a${i}: name } }` }) });
  const rows = [];
  for (const attack of attacks) rows.push(await measure(origin, attack));
  rows.sort((a, b) => b.cpuMs - a.cpuMs);
  console.table(
    rows.map(({ name, cpuMs, status, answer, code }) => ({
      name,
      'CPU ms': cpuMs,
      status,
      'answer, characters': answer,
      code,
    })),
  );
  const slow = rows.filter(({ cpuMs }) => cpuMs > ALLOWED_MS);
  console.log(`${rows.length} attacks, ${slow.length} of them took more than ${ALLOWED_MS} ms of CPU.`);
} finally {
  await gateway.stop();
  server.close();
  server.closeAllConnections();
  rmSync(project, { recursive: true });
}

async function originOf(): Promise<string> {
  for (let i = 0; i < 600 && gateway.child.exitCode === null; i++) {
    const origin = /http:\/\/[\d.]+:\d+(?=\/graphql)/.exec(gateway.output.text.replace(url, ''))?.[0];
    if (origin) return origin;
    await sleep(50);
  }
  throw new Error(`The gateway does not start. It said:\n${gateway.output.text}`);
}

/** With another comment in each document: a gateway knows again what it has seen. */
function unlikeOthers(attack: Attack, run: number): Attack {
  return { ...attack, body: attack.body?.replaceAll('"query":"', `"query":"#${run}\\n`) };
}

async function measure(origin: string, attack: Attack) {
  const runs = [];
  for (let i = 0; i < RUNS; i++) {
    const before = gateway.cpuMs();
    const { status, body } = await send(origin, unlikeOthers(attack, i));
    await sleep(50);
    runs.push({ cpuMs: gateway.cpuMs() - before, status, body });
  }
  runs.sort((a, b) => a.cpuMs - b.cpuMs);
  const { cpuMs, status, body } = runs[1] as (typeof runs)[number];
  const code = /"(?:code|type)":"([^"]*)"/.exec(body)?.[1] ?? '';
  return { name: attack.name, cpuMs, status, answer: body.length, code };
}
