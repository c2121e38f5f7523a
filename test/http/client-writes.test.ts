import { EventEmitter, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ClientResponse, ClientWrites } from '../../src/http/client-writes.ts';
import { writeResponse } from '../../src/http/write-response.ts';
import { ByteBudget } from '../../src/shared/byte-budget.ts';
import { OverloadedError } from '../../src/shared/overloaded-error.ts';

const MIB = 2 ** 20;
const PERIOD_MS = 10_000;
/** Bytes that a client has to take in each period. */
const LEAST = 20_000;

function writesWith(limit = 100 * MIB, timeoutMs = PERIOD_MS) {
  const budget = new ByteBudget({ limit });
  const cutOff = vi.fn();
  return { budget, cutOff, writes: new ClientWrites({ budget, timeoutMs, minRate: 2_000, onCutOff: cutOff }) };
}

/** A response whose client takes bytes only when the test says so. */
class FakeResponse extends EventEmitter {
  readonly req = { method: 'GET' };
  readonly statusCode = 200;
  socket: { resetAndDestroy(): void } | null = { resetAndDestroy: () => {} };
  destroyed = false;
  writableEnded = false;
  writableLength = 0;

  write(part: string | Buffer): boolean {
    this.writableLength += Buffer.byteLength(part);
    return false;
  }

  end(part: string | Buffer): void {
    this.write(part);
    this.writableEnded = true;
  }

  take(bytes: number): void {
    const now = Math.min(bytes, this.writableLength);
    this.writableLength -= now;
    if (this.writableLength > 0) return;
    this.emit(this.writableEnded ? 'close' : 'drain');
    // what is written then can be taken, too
    if (now < bytes && this.writableLength > 0) this.take(bytes - now);
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const asResponse = (fake: FakeResponse) => fake as unknown as ServerResponse;

describe('a client that is slow', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const period = () => vi.advanceTimersByTimeAsync(PERIOD_MS + 10);

  it.each([50_000, 5 * MIB])('is cut off when it takes nothing of %d bytes in a period', async (size) => {
    const { budget, cutOff, writes } = writesWith();
    const response = new FakeResponse();
    writes.end(asResponse(response), Buffer.alloc(size));
    expect(budget.held).toBe(size);
    await period();
    expect(response.destroyed).toBe(true);
    expect(cutOff).toHaveBeenCalledTimes(1);
    expect(budget.held).toBe(0);
  });

  it.each([80_000, 5 * MIB])('is cut off when it takes too little of %d bytes in a later period', async (size) => {
    const { cutOff, writes } = writesWith();
    const response = new FakeResponse();
    writes.end(asResponse(response), Buffer.alloc(size));
    response.take(LEAST);
    await period();
    expect(cutOff).not.toHaveBeenCalled();
    response.take(LEAST - 1);
    await period();
    expect(cutOff).toHaveBeenCalledTimes(1);
  });

  it('gets everything when it takes the least in each period', async () => {
    const { budget, cutOff, writes } = writesWith();
    const response = new FakeResponse();
    writes.end(asResponse(response), Buffer.alloc(MIB));
    for (let taken = 0; taken < MIB; taken += LEAST) {
      response.take(LEAST);
      await period();
    }
    expect(response.writableEnded).toBe(true);
    expect(budget.held).toBe(0);
    expect(cutOff).not.toHaveBeenCalled();
  });

  it('may take the rest of a response, although it is less than the least', async () => {
    const { cutOff, writes } = writesWith();
    const response = new FakeResponse();
    writes.end(asResponse(response), Buffer.alloc(LEAST + 10));
    response.take(LEAST);
    await period();
    response.take(10);
    await period();
    expect(cutOff).not.toHaveBeenCalled();
  });

  it('is not blamed for a response that waits behind another one of its connection', async () => {
    const { cutOff, writes } = writesWith();
    const response = new FakeResponse();
    const { socket } = response;
    response.socket = null;
    writes.end(asResponse(response), Buffer.alloc(50_000));
    await period();
    await period();
    expect(cutOff).not.toHaveBeenCalled();
    response.socket = socket;
    await period();
    expect(cutOff).toHaveBeenCalledTimes(1);
  });

  it('of an event stream may be silent for long, but has to read what is sent', async () => {
    const { budget, cutOff, writes } = writesWith();
    const response = new FakeResponse();
    const stream = writes.openStream(asResponse(response));
    stream.write('x'.repeat(100_000));
    expect(budget.held).toBe(100_000);
    response.take(100_000);
    expect(budget.held).toBe(0);
    await period();
    await period();
    stream.write(': keep-alive\n\n');
    response.take(100);
    await period();
    expect(cutOff).not.toHaveBeenCalled();
    stream.write('an event');
    await period();
    expect(cutOff).toHaveBeenCalledTimes(1);
    expect(response.destroyed).toBe(true);
  });
});

describe('memory', () => {
  it('is refused before anything is written; small bodies are not counted', () => {
    const { writes, budget } = writesWith(MIB);
    writes.end(asResponse(new FakeResponse()), Buffer.alloc(MIB));
    expect(budget.held).toBe(MIB);
    expect(() => writes.check(Buffer.alloc(100_000))).toThrow(OverloadedError);
    expect(() => writes.check('x'.repeat(100_000))).toThrow(OverloadedError);
    expect(() => writes.check(Buffer.alloc(65_536))).not.toThrow();
  });

  it('of a body that several clients share counts once, until the last of them has it', () => {
    const { writes, budget } = writesWith(MIB);
    const body = Buffer.alloc(MIB);
    const clients = [new FakeResponse(), new FakeResponse(), new FakeResponse()];
    for (const client of clients) {
      expect(() => writes.check(body)).not.toThrow();
      writes.end(asResponse(client), body);
    }
    expect(budget.held).toBe(MIB);
    clients[0]?.destroy();
    clients[1]?.destroy();
    expect(budget.held).toBe(MIB);
    clients[2]?.destroy();
    expect(budget.held).toBe(0);
  });

  it('for what a stream has not sent yet is refused by ending the connection', () => {
    const { writes, budget, cutOff } = writesWith(MIB);
    writes.end(asResponse(new FakeResponse()), Buffer.alloc(MIB));
    const response = new FakeResponse();
    writes.openStream(asResponse(response)).write('x'.repeat(100_000));
    expect(response.destroyed).toBe(true);
    expect(cutOff).toHaveBeenCalledTimes(1);
    expect(budget.held).toBe(MIB);
  });

  it('of a body counts while it is compressed', async () => {
    const { writes, budget } = writesWith(MIB);
    const held = await writes.hold(Buffer.alloc(MIB), false, async () => budget.held);
    expect(held).toBe(MIB);
    expect(budget.held).toBe(0);
    await expect(writes.hold(Buffer.alloc(MIB), false, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(budget.held).toBe(0);
  });
});

describe('over a real connection', () => {
  async function server(limits: ReturnType<typeof writesWith>, body: string | Buffer) {
    const http = createServer((_req, res: ClientResponse) => {
      res.clientWrites = limits.writes;
      writeResponse(res, { status: 200, headers: {}, body });
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      http.closeAllConnections();
      http.close();
    });
    return (http.address() as AddressInfo).port;
  }

  it.each([1_000, 100_000, 300_000, 5 * MIB + 17])('a body of %d bytes arrives whole', async (size) => {
    const limits = writesWith();
    const body = Buffer.from(Array.from({ length: size }, (_, i) => i % 251));
    const port = await server(limits, body);
    for (let n = 0; n < 3; n++) {
      const response = await fetch(`http://127.0.0.1:${port}`);
      expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    }
    const head = await fetch(`http://127.0.0.1:${port}`, { method: 'HEAD' });
    expect(head.headers.get('content-length')).toBe(String(size));
    await vi.waitFor(() => expect(limits.budget.held).toBe(0));
    expect(limits.cutOff).not.toHaveBeenCalled();
  });

  it('a text is sent as UTF-8', async () => {
    const text = '€'.repeat(400_000);
    const port = await server(writesWith(), text);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe(text);
  });

  it('a client that does not read is disconnected, and its memory is free again', async () => {
    const limits = writesWith(100 * MIB, 200);
    const port = await server(limits, Buffer.alloc(30 * MIB));
    const socket = connect(port, '127.0.0.1').pause();
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => {});
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await vi.waitFor(() => expect(limits.cutOff).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(limits.budget.held).toBe(0));
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
  });
});
