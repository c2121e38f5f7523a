// Loaded into a gateway with `--import`, beside `--expose-gc`: on SIGUSR2, prints how much of the heap is in use after a full collection.
process.on('SIGUSR2', async () => {
  for (let round = 0; round < 4; round++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  console.log(`heap in use: ${process.memoryUsage().heapUsed}`);
});
