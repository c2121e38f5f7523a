import { expect, test, vi } from 'vitest';
import { startGateway } from './gateway-process.ts';
import { startLoad } from './new-connections.ts';

/** Each stop is one try of a race, so there are several. */
const STOPS = 3;

test.each([1, 2, 3])(
  'SIGTERM under load with new connections, --workers %i: each is answered or refused',
  async (workers) => {
    for (let stop = 0; stop < STOPS; stop++) {
      const { cli, port } = await startGateway(workers, 'shutdown: { delay: 100ms }');
      const load = startLoad(port, 24);
      await vi.waitFor(() => expect(load.counts.answered).toBeGreaterThan(300), { timeout: 60_000 });
      cli.kill('SIGTERM');
      await load.ended;
      expect(load.counts).toEqual({ answered: load.counts.answered, refused: 24 });
      expect((await cli.ended).code).toBe(0);
    }
  },
);
