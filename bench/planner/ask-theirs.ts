import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { CaseGroup } from './cases.ts';
import type { Planned, Unplanned } from './planned.ts';

/** Longest wait for one plan, in milliseconds; then it counts as none. */
const PATIENCE = 10_000;

/** Plans with Hive Router's planner. A query on which its process ends, or takes too long, counts as not plannable. */
export class TheirPlanner {
  private child: ChildProcess | undefined;

  async plan({ sdl, queries }: CaseGroup): Promise<(Planned | Unplanned)[]> {
    const results: (Planned | Unplanned)[] = [];
    while (results.length < queries.length) {
      const problem = await this.planRest(sdl, queries.slice(results.length), results);
      if (problem) results.push({ problem });
    }
    return results;
  }

  close(): void {
    this.child?.kill();
  }

  /** Adds results until all are there, or until one fails to come: then says why. */
  private async planRest(
    sdl: string,
    queries: CaseGroup['queries'],
    results: (Planned | Unplanned)[],
  ): Promise<string | undefined> {
    const child = await this.running();
    const last = results.length + queries.length;
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout;
      const finish = (problem: string | undefined) => {
        clearTimeout(timer);
        child.removeAllListeners();
        if (problem) {
          this.child = undefined;
          child.kill('SIGKILL');
        }
        resolve(problem);
      };
      const wait = () => setTimeout(() => finish(`takes more than ${PATIENCE / 1000} s`), PATIENCE);
      timer = wait();
      child.on('message', (result: Planned | Unplanned) => {
        results.push(result);
        clearTimeout(timer);
        timer = wait();
        if (results.length === last) finish(undefined);
      });
      child.on('exit', (_, signal) => finish(`the process ended (${signal})`));
      child.send({ sdl, queries });
    });
  }

  private async running(): Promise<ChildProcess> {
    if (!this.child) {
      const path = fileURLToPath(new URL('./their-process.ts', import.meta.url));
      this.child = fork(path, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      const child = this.child;
      let complaint = '';
      const listen = (chunk: Buffer) => {
        complaint += chunk;
      };
      child.stderr?.on('data', listen);
      const [first] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
      if (first !== 'ready') throw new Error(`Hive Router's planner does not start:\n${complaint}`);
      child.stderr?.off('data', listen);
      child.stderr?.resume();
    }
    return this.child;
  }
}
