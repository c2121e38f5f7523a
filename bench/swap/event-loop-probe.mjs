/**
 * Loaded into the gateway (`--import`): tells the parent process for how long its event loop stood still. `wall` is the longest time
 * between two turns, `cpu` the most CPU time that the serving thread took between two turns: without what other programs took.
 */
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const INTERVAL_MS = 2;

if (isMainThread) {
  let longest = { wall: 0, cpu: 0 };
  let last = read();
  setInterval(() => {
    const now = read();
    longest.wall = Math.max(longest.wall, now.wall - last.wall - INTERVAL_MS);
    longest.cpu = Math.max(longest.cpu, now.cpu - last.cpu);
    last = now;
  }, INTERVAL_MS).unref();

  process.on('message', (message) => {
    if (message !== 'longest stall') return;
    process.send?.({ longest });
    longest = { wall: 0, cpu: 0 };
  });
  process.channel?.unref();
}

/** Milliseconds; the CPU time only where there is `/proc` (proc_pid_schedstat(5)). */
function read() {
  return { wall: performance.now(), cpu: cpuMs() };
}

function cpuMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return 0;
  }
}
