import { configPath, DEFAULT_FILE } from '../config/load-config.ts';
import { prepareServer, type RunningServer, type ServerOptions, startServer } from '../gateway/server.ts';
import { type PathEvent, POLL_MS, type Watching, watchPath } from '../shared/watch-path.ts';
import type { Demo } from './demo.ts';
import { reportFailure } from './failure.ts';
import { type ServeFlags, serverOptions, stopOnSignals } from './start.ts';

export interface DevFlags extends ServeFlags {
  readonly demo?: boolean;
}

/** `headgate dev`: like `start`, but reloads endpoints and config when they change, and can start the demo services. */
export async function dev(given: DevFlags): Promise<void> {
  const demo = given.demo === true ? await (await import('./demo.ts')).startDemo() : undefined;
  const { flags, defaults } = demo === undefined ? { flags: given, defaults: undefined } : demo.defaults(given);
  const read = (isRestart = false) => {
    // the previous server serves until the next one is ready
    const composesInThread = isRestart;
    const options = serverOptions(flags, { dev: true, demo: demo !== undefined, defaults, composesInThread });
    return demo === undefined ? options : demo.configure(options);
  };
  const path = configPath({ file: flags.config }) ?? DEFAULT_FILE;
  let changed = false;
  let restart = () => {
    changed = true;
  };
  const onChange = (exists: boolean) => exists && restart();
  // before the file is read, so that no change during the start is missed
  const watching = await watchPath({ path, onChange, onEvent: (event, reason) => printEvent(path, event, reason) });
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
 * Stops when npm does. npm runs scripts in a shell that does not forward SIGTERM, so `npm start` would end and leave the gateway and
 * its ports behind. A new parent process means that the shell has ended, and is treated as the signal.
 */
function stopWithNpm(): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  timer.unref();
}

interface Running {
  server: RunningServer;
  /** The options of the running server. */
  options: ServerOptions;
}

async function startWith(read: () => ServerOptions): Promise<Running> {
  const options = read();
  const server = await startServer(options);
  return { server, options: atPort(server.port, options) };
}

function printEvent(path: string, event: PathEvent, reason = ''): void {
  if (event === 'gone') console.error(`${path} was removed; keeping the last good config.`);
  if (event === 'back') console.error(`${path} is back.`);
  if (event === 'polled')
    console.error(`${path} cannot be watched (${reason}); checking it every ${POLL_MS / 1000} seconds.`);
}

async function restartWith(read: (isRestart: boolean) => ServerOptions, running: Running): Promise<void> {
  try {
    await replace(running, atPort(running.server.port, read(true)));
  } catch (error) {
    reportFailure(error);
    console.error('The config has problems; keeping the last good one.');
  }
}

/** Replaces the server. Rejects if the new one cannot start; the previous one runs again then. */
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

/** Keeps a random port (port 0) the same across changes of the config. */
function atPort(port: number, options: ServerOptions): ServerOptions {
  const { supergraph } = options.config;
  if (supergraph.listen.port !== 0) return options;
  const config = { ...options.config, supergraph: { ...supergraph, listen: { ...supergraph.listen, port } } };
  return { ...options, config };
}
