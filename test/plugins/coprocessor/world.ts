import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { GatewayConfig } from '../../../src/index.ts';
import { startWorld, type World, type WorldOptions } from '../world.ts';

/** What the coprocessor gets. */
export interface Message {
  readonly stage: string;
  readonly id: string;
  headers?: Record<string, string[]>;
  body?: unknown;
  context?: { entries: Record<string, unknown> };
  readonly [name: string]: unknown;
}

/** Returns the answer, or writes a response of its own. */
export type Answer = (message: Message, response: ServerResponse) => unknown;

export interface CoprocessorWorld extends World {
  /** What the coprocessor got, in order. */
  readonly messages: Message[];
  readonly stages: () => string[];
}

/** The settings of the coprocessor without its URL. */
type Settings = Omit<NonNullable<GatewayConfig['coprocessor']>, 'url'>;

/** Starts a coprocessor in this process, and a gateway that calls it. */
export async function startCoprocessor(
  settings: Settings,
  answer: Answer = (message) => message,
  options: WorldOptions = {},
): Promise<CoprocessorWorld> {
  const messages: Message[] = [];
  const server = createServer(async (request, response) => {
    const text = Buffer.concat(await request.toArray()).toString();
    // a copy: the answer may change the message
    messages.push(JSON.parse(text));
    const returned = await answer(JSON.parse(text), response);
    if (returned !== undefined) response.setHeader('content-type', 'application/json').end(JSON.stringify(returned));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = await startWorld({ ...options, config: { ...options.config, coprocessor: { url, ...settings } } });
  return { ...world, messages, stages: () => messages.map(({ stage }) => stage) };
}
