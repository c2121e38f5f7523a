import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ListenError, type RunningService, startService } from './server/http.ts';
import { SERVICE_NAMES, SERVICES, type ServiceName } from './services.ts';
import { generateWorld } from './world/world.ts';

export interface DemoOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** 0 for any free port; the default is 4001 to 4007. */
  readonly ports?: Readonly<Partial<Record<ServiceName, number>>>;
  /** A service whose port is taken listens on a free one instead. */
  readonly moveIfTaken?: boolean;
}

export interface Demo<Name extends ServiceName = ServiceName> {
  readonly services: Readonly<Record<Name, RunningService>>;
  close(): Promise<void>;
}

/** Starts every demo service in this process. Rejects, with none left running, when a port is taken. */
export function startDemo(options: DemoOptions = {}): Promise<Demo> {
  return startServices(SERVICE_NAMES, options);
}

/** The same for some of the services. */
export async function startServices<Name extends ServiceName>(
  names: readonly Name[],
  { host = '127.0.0.1', ports = {}, moveIfTaken = false }: DemoOptions = {},
): Promise<Demo<Name>> {
  const world = generateWorld();
  const running: (readonly [Name, RunningService])[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(running.map(([, service]) => service.stop()));
  };
  try {
    for (const name of names) {
      const { defaultPort, path, createHandler } = SERVICES[name];
      const where = { name, host, port: ports[name] ?? defaultPort, path };
      const service = startService(where, createHandler(world)).catch((error: unknown) => {
        if (!moveIfTaken || !(error instanceof ListenError && error.portTaken)) throw error;
        return startService({ ...where, port: 0 }, createHandler(world));
      });
      running.push([name, await service]);
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { services: Object.fromEntries(running) as Record<Name, RunningService>, close };
}

/**
 * The demo for a gateway whose schemas read the services' URLs from `env` (`ORDERS_URL` and so on). A service whose URL
 * stands there already is run by someone else, and not started. The URLs of the others are put there, and a line is
 * printed for each that had to leave its usual port.
 */
export async function startDemoFor(env: Record<string, string | undefined>): Promise<{ close(): Promise<void> }> {
  const urlVariable = (name: ServiceName) => `${name.toUpperCase()}_URL`;
  const names = SERVICE_NAMES.filter((name) => !env[urlVariable(name)]);
  const demo = await startServices(names, { moveIfTaken: true });
  for (const name of names) {
    const { url, port } = demo.services[name];
    const { defaultPort } = SERVICES[name];
    env[urlVariable(name)] = url;
    if (port !== defaultPort) console.log(`Port ${defaultPort} is taken: ${name} is at ${url}`);
  }
  return demo;
}

/** Reads `users orders=5003` from the command line: which services, and on which ports. Throws with what to write instead. */
export function readCommandLine(words: readonly string[]): { names: ServiceName[]; ports: DemoOptions['ports'] } {
  const ports: Partial<Record<ServiceName, number>> = {};
  const names = words.map((word) => {
    const [given = '', port] = word.split('=');
    const name = SERVICE_NAMES.find((known) => known === given);
    if (!name) throw new Error(`There is no service "${given}". There are: ${SERVICE_NAMES.join(', ')}.`);
    if (port !== undefined) ports[name] = readPort(port, word);
    return name;
  });
  return { names: names.length > 0 ? [...new Set(names)] : SERVICE_NAMES, ports };
}

function readPort(text: string, word: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw new Error(`"${word}": the port must be a number from 0 (any free one) to 65535.`);
  return port;
}

async function main(): Promise<void> {
  const { names, ports } = readCommandLine(process.argv.slice(2));
  const demo = await startServices(names, { ports });
  for (const name of names) console.log(`${name.padEnd(16)} ${demo.services[name].url}`);
  const stop = (): void => void demo.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

/** Whether this file is what Node was asked to run, be it by way of a link. */
function isProgram(): boolean {
  const program = process.argv[1];
  return program !== undefined && existsSync(program) && realpathSync(program) === fileURLToPath(import.meta.url);
}

if (isProgram()) {
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
