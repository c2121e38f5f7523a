import { configPath, DEFAULT_FILE } from '../config/load-config.ts';
import { prepareServer, type RunningServer, type ServerOptions, startServer } from '../gateway/server.ts';
import { type PathEvent, type Watching, watchPath } from '../shared/watch-path.ts';
import type { Demo } from './demo.ts';
import { reportFailure } from './failure.ts';
import { type ServeFlags, serverOptions, stopOnSignals } from './start.ts';

export interface DevFlags extends ServeFlags {
  readonly demo?: boolean;
}

/** `headgate dev`: `start` that also watches endpoints and config, and can bring the demo's services along. */
export async function dev(given: DevFlags): Promise<void> {
  const demo = given.demo === true ? await (await import('./demo.ts')).startDemo() : undefined;
  const { flags, defaults } = demo === undefined ? { flags: given, defaults: undefined } : demo.defaults(given);
  const read = () => {
    const options = serverOptions(flags, { dev: true, demo: demo !== undefined, defaults });
    return demo === undefined ? options : demo.configure(options);
  };
  const path = configPath({ file: flags.config }) ?? DEFAULT_FILE;
  let changed = false;
  let restart = () => {
    changed = true;
  };
  const onChange = (exists: boolean) => exists && restart();
  // before the file is read: what changes while the gateway starts must not be missed
  const watching = await watchPath({ path, onChange, onEvent: (event) => sayEvent(path, event) });
  const running = await startWith(read).catch(closing(demo, watching));
  let restarted = changed ? restartWith(read, running) : Promise.resolve();
  restart = () => {
    restarted = restarted.then(() => restartWith(read, running));
  };
  stopOnSignals(async () => {
    await watching.close();
    await running.server.close();
    await demo?.close();
  });
  stopWithNpm();
  if (demo !== undefined) console.log(demo.whatToTry(running.server.url.slice(0, -'/graphql'.length), running.options));
}

function closing(demo: Demo | undefined, watching: Watching) {
  return async (error: unknown): Promise<never> => {
    await watching.close();
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

function sayEvent(path: string, event: PathEvent): void {
  if (event === 'gone') console.error(`${path} is gone; the last good config stays in force.`);
  if (event === 'back') console.error(`${path} is back.`);
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
