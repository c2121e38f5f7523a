import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { watchFile } from '../composition/watch-schemas.ts';
import { configPath, DEFAULT_FILE } from '../config/load-config.ts';
import { prepareServer, type RunningServer, type ServerOptions, startServer } from '../server/server.ts';
import { reportFailure } from './failure.ts';
import { type ServeDefaults, type ServeFlags, serverOptions, stopOnSignals } from './start.ts';

export interface DevFlags extends ServeFlags {
  readonly demo?: boolean;
}

/** `headgate dev`: `start` that also watches endpoints and config, and can bring the demo's services along. */
export async function dev(flags: DevFlags): Promise<void> {
  const demo = flags.demo === true ? await startDemo() : undefined;
  const defaults = demoDefaults(flags);
  const read = () => serverOptions(flags, { dev: true, demo: flags.demo === true, defaults });
  const running = await startWith(read).catch(closing(demo));
  let restarted = Promise.resolve();
  const watching = await watchFile(configPath({ file: flags.config }) ?? DEFAULT_FILE, () => {
    restarted = restarted.then(() => restartWith(read, running));
  });
  stopOnSignals(async () => {
    await watching.close();
    await running.server.close();
    await demo?.close();
  });
  stopWithNpm();
  if (demo !== undefined) console.log(whatToTry(running.server.url.slice(0, -'/graphql'.length)));
}

interface Demo {
  close(): Promise<void>;
}

/** The services of `subgraphs/`: TypeScript beside `src/`, or as the build put them beside this file's folder. */
async function startDemo(): Promise<Demo> {
  const path = import.meta.url.endsWith('.ts') ? '../../subgraphs/start.ts' : '../subgraphs/start.js';
  const services: { startDemoFor(env: NodeJS.ProcessEnv): Promise<Demo> } = await import(
    new URL(path, import.meta.url).href
  );
  return services.startDemoFor(process.env);
}

/** The demo needs its schemas and endpoints: where this folder has none, those that came with the package are taken. */
function demoDefaults(flags: DevFlags): ServeDefaults {
  const root = flags.demo && !existsSync('schemas') ? fileURLToPath(new URL('../..', import.meta.url)) : '';
  return { schemasDir: join(root, 'schemas'), bffDir: join(root, 'bff') };
}

function closing(demo: Demo | undefined) {
  return async (error: unknown): Promise<never> => {
    await demo?.close();
    throw error;
  };
}

/**
 * npm runs scripts in a shell, which does not pass on the SIGTERM that npm hands it: were nothing done, `npm start` would
 * end and leave the gateway and its ports behind. So the end of that shell, seen by a new parent, counts as the signal.
 */
function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(look);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  look.unref();
}

interface Running {
  server: RunningServer;
  /** What it was started with. */
  options: ServerOptions;
}

async function startWith(read: () => ServerOptions): Promise<Running> {
  const options = read();
  const server = await startServer(options);
  return { server, options: atPort(server.port, options) };
}

async function restartWith(read: () => ServerOptions, running: Running): Promise<void> {
  try {
    await replace(running, atPort(running.server.port, read()));
  } catch (error) {
    reportFailure(error);
    console.error('The config has problems; the last good one stays in force.');
  }
}

/** Rejects, with what ran before running again, when that cannot be served. */
async function replace(running: Running, options: ServerOptions): Promise<void> {
  const next = await prepareServer(options);
  await running.server.close();
  try {
    running.server = await next.serve();
    running.options = options;
  } catch (error) {
    running.server = await startServer(running.options).catch(giveUp);
    throw error;
  }
}

function giveUp(error: unknown): never {
  process.exit(reportFailure(error));
}

/** Port 0 means any free one, but the same after every change of the config. */
function atPort(port: number, options: ServerOptions): ServerOptions {
  const { supergraph } = options.config;
  if (supergraph.listen.port !== 0) return options;
  const config = { ...options.config, supergraph: { ...supergraph, listen: { ...supergraph.listen, port } } };
  return { ...options, config };
}

function whatToTry(origin: string): string {
  const query =
    '{ user(id: \\"u1\\") { name orders(first: 1) { id total items { quantity product { name inStock reviews { rating } } } } } }';
  return `
Try, in another terminal:

  a query over five subgraphs
    curl -s ${origin}/graphql -H 'content-type: application/json' -d '{"query":"${query}"}'

  a dashboard for the mobile app, and one for the web
    curl -s ${origin}/bff/mobile/dashboard/u1
    curl -s ${origin}/bff/web/dashboard/u1

  in a browser: both dashboards side by side, all endpoints, GraphiQL
    ${origin}/demo
    ${origin}/bff/docs
    ${origin}/graphql

Change a file in schemas/ or bff/ and call again. Ctrl-C stops everything.`;
}
