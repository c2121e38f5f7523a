import { appendFileSync } from 'node:fs';
import { createWorld as createRealWorld, type World, type WorldOptions } from '../../../test/worlds/world.ts';

/** A world that writes down each query before it answers it. */
export function createWorld(options: WorldOptions): World {
  const world = createRealWorld(options);
  const ask = world.query;
  world.query = (query, variables = {}, contract) => {
    appendFileSync(
      process.env.RECORD_TO as string,
      `${JSON.stringify({ sdl: world.supergraphSdl, query, variables })}\n`,
    );
    return ask(query, variables, contract);
  };
  return world;
}
