import { type ChildProcess, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';
import { builtCli, builtPackage } from '../cli/built-cli.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = `"${process.execPath}"`;
const PATIENCE = { timeout: 120_000, interval: 250 };

/** What a reader types in a clone, and what the tests run instead: the build of the tests. */
const shortcuts = (): readonly (readonly [RegExp, string])[] => [
  [/npm ci && npm start|npm start/, 'headgate dev --demo'],
  [/node dist\/subgraphs\/start\.js/, `${NODE} "${builtPackage()}/dist/subgraphs/start.js"`],
];

/** What the reader finds in a clone. */
const DEMO = ['schemas', 'bff', 'headgate.yaml'];

interface Serving {
  readonly child: ChildProcess;
  readonly command: string;
  readonly output: { text: string };
  readonly ended: Promise<number | null>;
}

/**
 * Someone who types what a document says, in a folder with the demo's schemas and endpoints. Each port that the document
 * names stands for a free one here: commands are given those, and what they print is put back into the document's terms.
 */
export class Reader {
  readonly dir: string;
  private readonly env: NodeJS.ProcessEnv;
  /** Ports by what the document calls them. */
  private readonly ports = new Map<string, string>();
  private readonly serving = new Map<string, Serving>();

  /** `env`: the URLs of services that the demo is not to start itself. */
  static async arrive(env: Readonly<Record<string, string>>): Promise<Reader> {
    const dir = await mkdtemp(join(tmpdir(), 'headgate-readme-'));
    for (const name of DEMO) await cp(join(ROOT, name), join(dir, name), { recursive: true });
    return new Reader(dir, { ...process.env, NO_COLOR: '1', PORT: '0', ...env });
  }

  private constructor(dir: string, env: NodeJS.ProcessEnv) {
    this.dir = dir;
    this.env = env;
  }

  async leave(): Promise<void> {
    for (const { child } of this.serving.values()) signal(child, 'SIGKILL');
    await Promise.all([...this.serving.values()].map(({ ended }) => ended));
    await rm(this.dir, { recursive: true, force: true });
  }

  /** Runs a command to its end: what it printed on both streams, and its exit code. */
  async run(command: string): Promise<{ code: number | null; text: string }> {
    const { output, ended } = this.spawn(command);
    return { code: await ended, text: this.toShown(output.text) };
  }

  /** The same for one that stays: it gets SIGTERM when it has said `word`. */
  async runUntil(command: string, word: string): Promise<{ code: number | null; text: string }> {
    const { child, output, ended } = this.spawn(command);
    await vi.waitFor(() => expect(output.text).toContain(word), PATIENCE);
    signal(child, 'SIGTERM');
    return { code: await ended, text: this.toShown(output.text) };
  }

  /** Runs a command that stays, until it says where it listens. `port` is what the document calls that port. */
  async serve(command: string, port: string): Promise<void> {
    const actual = this.ports.get(port) ?? '0';
    const serving = this.spawn(command.replaceAll(new RegExp(`(=|--port )${port}\\b`, 'g'), `$1${actual}`));
    this.serving.set(port, { ...serving, command });
    // the demo names the services whose usual ports are taken first
    const listening = /^(?!Port ).*https?:\/\/127\.0\.0\.1:(\d+)\b/m;
    await vi.waitFor(() => expect(serving.output.text).toMatch(listening), PATIENCE);
    this.ports.set(port, listening.exec(serving.output.text)?.[1] ?? '');
    const metrics = /^Headgate metrics at http:\/\/127\.0\.0\.1:(\d+)/m.exec(serving.output.text);
    if (metrics) this.ports.set('9090', metrics[1] ?? '');
  }

  /** What a command that stays has printed. */
  printed(port: string): string {
    return this.toShown(this.serving.get(port)?.output.text ?? '');
  }

  /** Ctrl-C; returns the exit code. */
  async stop(port: string): Promise<number | null> {
    const serving = this.serving.get(port);
    if (!serving) throw new Error(`nothing was started at ${port}`);
    signal(serving.child, 'SIGINT');
    return await serving.ended;
  }

  /** The same command again, at the same port. */
  async startAgain(port: string): Promise<void> {
    await this.serve(this.serving.get(port)?.command ?? '', port);
  }

  private spawn(command: string): Omit<Serving, 'command'> {
    const headgate = `headgate() { ${NODE} "${builtCli()}" "$@"; }\n`;
    const child = spawn('bash', ['-c', headgate + this.toActual(command)], {
      cwd: this.dir,
      env: { ...this.env, ...this.exported() },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process group of its own, so that Ctrl-C reaches what the shell has started.
      detached: true,
    });
    const output = { text: '' };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output.text += chunk;
      });
    }
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    return { child, output, ended };
  }

  /** The variables that a running command asks its reader to export. */
  private exported(): NodeJS.ProcessEnv {
    const printed = [...this.serving.values()].map(({ output }) => output.text).join('\n');
    const lines = printed.matchAll(/^ *export (\w+)=(\S+)$/gm);
    return Object.fromEntries([...lines].map(([, name = '', value]) => [name, value]));
  }

  private toActual(command: string): string {
    let text = command;
    for (const [typed, run] of shortcuts()) text = text.replace(typed, () => run);
    return text.replaceAll(/(?<=(?:localhost|127\.0\.0\.1):)\d+/g, (port) => this.ports.get(port) ?? port);
  }

  private toShown(text: string): string {
    const shown = new Map([...this.ports].map(([port, actual]) => [actual, port]));
    return text.replaceAll(/(?<=127\.0\.0\.1:)\d+/g, (port) => shown.get(port) ?? port).trimEnd();
  }
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, name);
}
