import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import { project, startCli } from '../cli/run-cli.ts';

/** Starts a stub source in a process of its own. Returns its URL. Ended when the test is over. */
export async function startStubSource(): Promise<string> {
  const file = fileURLToPath(new URL('stub-source.ts', import.meta.url));
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line) => resolve(String(line).trim()));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The stub source ended with code ${code}.`)));
  });
  return `http://127.0.0.1:${port}`;
}

export interface Gateway {
  readonly url: string;
  /** Sends a query. Resolves with the status and the text of the response. */
  ask(query: string): Promise<{ readonly status: number; readonly text: string }>;
  /** Whether the process still runs. */
  isAlive(): boolean;
}

/** Starts a gateway in a process of its own, over these schema files. Ended when the test is over. */
export async function startGateway(
  schemas: Readonly<Record<string, string>>,
  nodeFlags: readonly string[],
): Promise<Gateway> {
  const files = Object.entries(schemas).map(([name, sdl]) => [`schemas/${name}.graphql`, sdl]);
  const run = startCli(await project(Object.fromEntries(files)), ['start', '--port', '0'], '', nodeFlags);
  let isAlive = true;
  void run.ended.then(() => {
    isAlive = false;
  });
  const url = await vi.waitFor(() => {
    const found = /http:\/\/\S+\/graphql/.exec(run.output.stdout)?.[0];
    expect(found, run.output.stderr).toBeDefined();
    return found as string;
  });
  return {
    url,
    isAlive: () => isAlive,
    async ask(query) {
      const body = JSON.stringify({ query });
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      return { status: response.status, text: await response.text() };
    },
  };
}
