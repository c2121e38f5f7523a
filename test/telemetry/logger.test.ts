import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createLogger, type LoggerOptions } from '../../src/telemetry/logger.ts';

function recording(options: Omit<LoggerOptions, 'stream'>) {
  const lines: string[] = [];
  return { logger: createLogger({ ...options, stream: { write: (line) => void lines.push(line) } }), lines };
}

describe('JSON lines', () => {
  it('carry level, time, fields and message', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    logger.info({ requestId: 'r1', status: 200 }, 'request');
    const line = JSON.parse(lines[0] as string);
    expect(line).toEqual({ level: 'info', time: expect.any(String), requestId: 'r1', status: 200, msg: 'request' });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  it('carry an error with its stack', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    logger.error({ err: new TypeError('no') }, 'failed');
    expect(JSON.parse(lines[0] as string).err).toMatchObject({ type: 'TypeError', message: 'no' });
  });

  it('have no members of an error that may be secret', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    const command = { name: 'set', args: ['session', 'secret-1'] };
    const rejected = Object.assign(new Error('NOPERM', { cause: { command } }), { command, input: 'secret-2' });
    const invalid = (() => {
      try {
        return new URL('//user:secret-3@example');
      } catch (error) {
        return error;
      }
    })();
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', port: 6379, nested: rejected });
    const all = new AggregateError([rejected, refused], 'no connection');
    for (const err of [rejected, invalid, refused, all]) logger.error({ err }, 'failed');
    expect(lines.join('\n')).not.toContain('secret');
    const errors = lines.map((line) => JSON.parse(line).err);
    expect(errors[1]).toMatchObject({ code: 'ERR_INVALID_URL' });
    expect(errors[2]).toMatchObject({ code: 'ECONNREFUSED', port: 6379 });
    expect(errors[3]).toMatchObject({ aggregateErrors: ['Error: NOPERM', 'Error: refused (ECONNREFUSED)'] });
  });

  it('carry the chain of causes of an error', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    const failed = new TypeError('fetch failed', { cause: refused });
    logger.error({ err: new Error('no key set', { cause: failed }) }, 'failed');
    expect(JSON.parse(lines[0] as string).err.causes).toEqual([
      'TypeError: fetch failed',
      'Error: connect ECONNREFUSED (ECONNREFUSED)',
    ]);
  });

  it('do not repeat the message of a cause', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    const cause = new Error('the service failed: socket hang up', { cause: new Error('socket hang up') });
    logger.error({ err: new Error(`RouterRequest: ${cause.message}`, { cause }) }, 'failed');
    logger.error({ err: new Error('no response', { cause }) }, 'failed');
    expect(lines.map((line) => JSON.parse(line).err.message)).toEqual([
      'RouterRequest: the service failed: socket hang up',
      'no response: the service failed: socket hang up',
    ]);
  });

  it('end a chain of causes that is a cycle', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    const one = new Error('one');
    one.cause = new Error('two', { cause: 'text' });
    const cycle = new Error('cycle');
    cycle.cause = cycle;
    logger.error({ err: one }, 'failed');
    logger.error({ err: cycle }, 'failed');
    expect(lines.map((line) => JSON.parse(line).err.causes)).toEqual([['Error: two', 'text'], ['Error: cycle']]);
  });

  it('are the same where the fields are JSON text already', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    const fields = { requestId: 'r1', path: '/"\\\u2028', status: 200 };
    logger.info(fields, 'a "message"');
    logger.writeMembers?.('info', `,${JSON.stringify(fields).slice(1, -1)}`, 'a "message"');
    logger.writeMembers?.('debug', '', 'below the level');
    const [one, other] = lines.map((line) => JSON.parse(line));
    expect(lines).toHaveLength(2);
    expect(other).toEqual({ ...one, time: expect.any(String) });
    expect(Object.keys(other)).toEqual(Object.keys(one));
    expect(lines.every((line) => line.endsWith('}\n'))).toBe(true);
  });

  it('leave out what is below the level', () => {
    const { logger, lines } = recording({ level: 'warn', format: 'json' });
    logger.info({}, 'quiet');
    logger.warn({}, 'loud');
    expect(lines.length).toBe(1);
    expect([logger.isEnabled('info'), logger.isEnabled('error')]).toEqual([false, true]);
  });

  it('of a child carry its fields', () => {
    const { logger, lines } = recording({ level: 'info', format: 'json' });
    logger.child({ requestId: 'r2' }).warn({ subgraph: 'users' }, 'slow');
    expect(JSON.parse(lines[0] as string)).toMatchObject({ level: 'warn', requestId: 'r2', subgraph: 'users' });
  });
});

describe('pretty lines', () => {
  it('read like sentences, with an error below', () => {
    const { logger, lines } = recording({ level: 'info', format: 'pretty' });
    logger.info({ path: '/graphql', note: 'two words' }, 'request');
    logger.error({ err: new Error('boom') }, 'failed');
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}request path=\/graphql note="two words"\n$/);
    expect(lines[1]).toMatch(/ error failed\n {4}Error: boom\n {8}at /);
  });
});

it('lines that are written together are all there when the process ends', () => {
  const code = `
    import { createLogger } from './src/telemetry/logger.ts';
    const logger = createLogger({ level: 'info', format: 'json', isBuffered: true });
    for (let n = 0; n < 1_000; n++) logger.info({ n }, 'request');
    process.exit(3);
  `;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code];
  const { stdout, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const numbers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).n);
  expect([status, numbers]).toEqual([3, Array.from({ length: 1_000 }, (_, n) => n)]);
});
