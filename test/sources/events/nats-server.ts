import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAMS } from '../../programs.ts';
import { freePort } from '../../store/redis-server.ts';

/** Whether tests can start a NATS of their own. */
export const HAS_NATS = PROGRAMS['nats-server'];

export interface NatsServer {
  readonly url: string;
  /** Ends it at once, as if the machine were gone. */
  kill(): Promise<void>;
  /** The same again after `kill`, at the same port; JetStream has what it had. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A `nats-server` with JetStream on a free port of this machine. `more`: further flags. */
export async function startNats(...more: readonly string[]): Promise<NatsServer> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'headgate-nats-'));
  let child = await launch(port, dir, more);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `nats://127.0.0.1:${port}`,
    kill,
    async restart() {
      child = await launch(port, dir, more);
    },
    async close() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

function launch(port: number, dir: string, more: readonly string[]): Promise<ChildProcess> {
  const flags = ['--addr', '127.0.0.1', '--port', `${port}`, '--jetstream', '--store_dir', dir, ...more];
  const child = spawn('nats-server', flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', () => reject(new Error(`nats-server ended: ${output}`)));
    child.stderr?.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Server is ready')) resolve(child);
    });
  });
}
