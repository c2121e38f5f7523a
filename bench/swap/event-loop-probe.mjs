/** Loaded into the gateway (`--import`): tells the parent process how long its event loop stood still, when it asks. */
import { performance } from 'node:perf_hooks';

let longest = 0;
let last = performance.now();
const INTERVAL_MS = 2;
setInterval(() => {
  const now = performance.now();
  longest = Math.max(longest, now - last - INTERVAL_MS);
  last = now;
}, INTERVAL_MS).unref();

process.on('message', (message) => {
  if (message === 'longest stall') {
    process.send?.({ longest });
    longest = 0;
  }
});
process.channel?.unref();
