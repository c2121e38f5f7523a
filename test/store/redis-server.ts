import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAMS } from '../programs.ts';

/** Whether tests can start a Redis of their own. */
export const HAS_REDIS = PROGRAMS['redis-server'];

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** Ends it at once, as if the machine were gone. */
  kill(): Promise<void>;
  /** The process stays, and answers nothing until `resume`. */
  freeze(): void;
  resume(): void;
  /** The same again after `kill`, at the same port, with nothing in it. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** A `redis-server` on a free port of this machine, which keeps nothing on disk. `more`: further flags. */
export async function startRedis(...more: readonly string[]): Promise<RedisServer> {
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'headgate-redis-'));
  let child = await launch(port, dir, more);
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    freeze: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
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
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, ...more];
  const child = spawn('redis-server', flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let output = '';
    child.once('exit', () => reject(new Error(`redis-server ended: ${output}`)));
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      if (output.includes('Ready to accept connections')) resolve(child);
    });
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}
