import { renameSync, writeFileSync } from 'node:fs';

// Loaded into a server with `--import`, beside `--expose-gc`: on SIGUSR2, writes what memory is in use after full collections.
process.on('SIGUSR2', async () => {
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  writeFileSync(`${process.env.MEMORY_FILE}.new`, JSON.stringify({ heapUsed, external, rss }));
  renameSync(`${process.env.MEMORY_FILE}.new`, process.env.MEMORY_FILE);
});
