import { describe, expect, it } from 'vitest';
import { Payload } from '../../src/executor/payload.ts';
import { PayloadStream } from '../../src/executor/payload-stream.ts';
import { createGateway } from '../../src/gateway/generations.ts';
import type { Engine } from '../../src/pipeline/engine.ts';
import { plainEngine } from './plain-engine.ts';
import { latch } from './serving.ts';

/** Engines whose only field `version` answers with the SDL's description, when its gate is opened. */
function versions() {
  const closed: string[] = [];
  const gates = new Map<string, { open(): void }>();
  const gateway = createGateway({
    *createEngine({ sdl }) {
      if (sdl === 'broken') throw new Error('cannot be served');
      const gate = latch();
      gates.set(sdl, { open: () => gate.open() });
      const engine = plainEngine('type Query { version: String }', { version: () => gate.promise.then(() => sdl) });
      return { engine, close: async () => void closed.push(sdl) };
    },
  });
  return { gateway, closed, open: (sdl: string) => gates.get(sdl)?.open() };
}

async function ask(engine: Engine | undefined): Promise<string | undefined> {
  const answer = await engine?.execute({ query: '{ version }', client: { requestId: 'r', headers: {} } });
  return answer?.dataText;
}

describe('a gateway', () => {
  it('has no engine before its first schema, nor after it is closed', async () => {
    const { gateway, closed } = versions();
    expect(gateway.engine()).toBeUndefined();
    await gateway.swap({ sdl: 'v1' });
    expect(gateway.engine()).toBeDefined();
    await gateway.close();
    expect(gateway.engine()).toBeUndefined();
    expect(closed).toEqual(['v1']);
  });

  it('answers new requests with the new engine, and ends those in flight on the old before that closes', async () => {
    const { gateway, closed, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    const before = ask(gateway.engine());
    await gateway.swap({ sdl: 'v2' });
    const after = ask(gateway.engine());
    open('v2');
    expect(await after).toBe('{"version":"v2"}');
    expect(closed).toEqual([]);
    open('v1');
    expect(await before).toBe('{"version":"v1"}');
    await expect.poll(() => closed).toEqual(['v1']);
  });

  it('keeps the engine that it has when a new one cannot be built', async () => {
    const { gateway, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    await expect(gateway.swap({ sdl: 'broken' })).rejects.toThrow('cannot be served');
    open('v1');
    expect(await ask(gateway.engine())).toBe('{"version":"v1"}');
  });

  it('passes on those who hold an engine that has been replaced', async () => {
    const { gateway, closed, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    const held = gateway.engine();
    await gateway.swap({ sdl: 'v2' });
    await expect.poll(() => closed).toEqual(['v1']);
    open('v2');
    expect(await ask(held)).toBe('{"version":"v2"}');
  });

  it('waits for what is in flight when it closes', async () => {
    const { gateway, closed, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    const answer = ask(gateway.engine());
    const end = gateway.close();
    expect(closed).toEqual([]);
    open('v1');
    await end;
    expect(await answer).toBe('{"version":"v1"}');
    expect(closed).toEqual(['v1']);
  });

  describe('that serves a stream', () => {
    /** A gateway whose first engine streams; each of its streams ends when the test says so. */
    function streaming() {
      const closed: string[] = [];
      const gateway = createGateway({
        *createEngine({ sdl }) {
          const engine: Engine = {
            ...plainEngine('type Query { version: String }', {}),
            async stream() {
              const payloads = new PayloadStream(() => {});
              payloads.write(new Payload(`{"version":"${sdl}"}`, []));
              return { kind: 'stream', payloads };
            },
          };
          return { engine, close: async () => void closed.push(sdl) };
        },
      });
      const start = async () => {
        const result = await gateway
          .engine()
          ?.stream({ query: '{ version }', client: { requestId: 'r', headers: {} } });
        if (result?.kind !== 'stream') throw new Error('not a stream');
        expect((await result.payloads.next()).value.takeText()).toBe('{"version":"v1"}');
        return result.payloads;
      };
      return { gateway, closed, start };
    }

    it('closes a replaced engine when the stream has ended, not when its first payload is out', async () => {
      const { gateway, closed, start } = streaming();
      await gateway.swap({ sdl: 'v1' });
      const payloads = await start();
      await gateway.swap({ sdl: 'v2' });
      await new Promise(setImmediate);
      expect(closed).toEqual([]);
      payloads.close();
      await expect.poll(() => closed).toEqual(['v1']);
    });

    it.each(['reader cancels it', 'stream fails'])('closes a replaced engine when the %s', async (end) => {
      const { gateway, closed, start } = streaming();
      await gateway.swap({ sdl: 'v1' });
      const payloads = await start();
      await gateway.swap({ sdl: 'v2' });
      if (end === 'stream fails') payloads.fail(new Error('broken'));
      else await payloads.return();
      await expect.poll(() => closed).toEqual(['v1']);
    });
  });

  it('lets requests run while a large engine is built, and closes one that is not used any more', async () => {
    const { gateway, closed, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    open('v1');
    let built = 0;
    const slow = createGateway({
      *createEngine() {
        for (; built < 1_000; built++) {
          const end = performance.now() + 1;
          while (performance.now() < end);
          yield;
        }
        return { engine: plainEngine('type Query { a: Int }', {}), close: async () => void closed.push('slow') };
      },
    });
    const swapped = slow.swap({ sdl: 'slow' });
    expect(await ask(gateway.engine())).toBe('{"version":"v1"}');
    await new Promise((resolve) => setImmediate(resolve));
    expect(built).toBeGreaterThan(0);
    await slow.close();
    await swapped;
    expect(built).toBeLessThan(1_000);
    expect(slow.engine()).toBeUndefined();
  });

  it('does not use an engine for which the rest could not be prepared', async () => {
    const { gateway, closed, open } = versions();
    await gateway.swap({ sdl: 'v1' });
    const failing = gateway.swap({ sdl: 'v2' }, function* () {
      yield;
      throw new Error('no endpoints');
    });
    await expect(failing).rejects.toThrow('no endpoints');
    expect(closed).toEqual(['v2']);
    open('v1');
    expect(await ask(gateway.engine())).toBe('{"version":"v1"}');
  });
});
