import * as z from 'zod';

export interface ListenAddress {
  readonly host: string;
  /** 0 means any free port. */
  readonly port: number;
}

/** Parses `HOST:PORT` or `[IPV6]:PORT`; returns `undefined` for anything else. */
function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

const EXPECTED = 'expected "HOST:PORT", for example "0.0.0.0:4000"';

/** An address to listen on. */
export const listenAddress = z.string(EXPECTED).transform((text, context): ListenAddress => {
  const address = parseListen(text);
  if (address !== undefined) return address;
  context.addIssue({ code: 'custom', message: EXPECTED });
  return z.NEVER;
});
