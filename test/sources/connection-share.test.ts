import type { Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { ConnectionShare } from '../../src/sources/http/connection-share.ts';
import type { Connections, CountedHandler } from '../../src/sources/http/connections.ts';

/** Connections to nowhere: the test ends the calls. */
function origin() {
  const sent: { path: string; handler: Dispatcher.DispatchHandler; isFresh: boolean }[] = [];
  const dispatch = (isFresh: boolean) => (options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) => {
    sent.push({ path: options.path, handler, isFresh });
    return true;
  };
  const connections: Connections = {
    dispatch: dispatch(false),
    fresh: { dispatch: dispatch(true) },
    close: () => Promise.resolve(),
  };
  const end = (path: string) => sent.find((call) => call.path === path)?.handler.onComplete?.([]);
  return { connections, sent, end, paths: () => sent.map(({ path }) => path) };
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

function call(share: ConnectionShare, path: string, handler: Dispatcher.DispatchHandler = {}, isFresh = false): void {
  (isFresh ? share.fresh : share).dispatch({ path, method: 'POST' }, handler);
}

it('lets so many calls use connections, and sends the others in order as these end', async () => {
  const { connections, paths, end } = origin();
  const share = new ConnectionShare(connections, 2, 10);
  for (const path of ['a', 'b', 'c', 'd']) call(share, path);
  expect(paths()).toEqual(['a', 'b']);
  end('b');
  await nextTurn();
  expect(paths()).toEqual(['a', 'b', 'c']);
  end('a');
  end('c');
  await nextTurn();
  expect(paths()).toEqual(['a', 'b', 'c', 'd']);
});

it('leaves the other shares of the origin alone when its calls hang', () => {
  const { connections, paths } = origin();
  const hung = new ConnectionShare(connections, 1, 10);
  const quick = new ConnectionShare(connections, 1, 10);
  for (const path of ['hung1', 'hung2', 'hung3']) call(hung, path);
  call(quick, 'quick');
  expect(paths()).toEqual(['hung1', 'quick']);
});

it('fails a call at once that finds as many calls waiting as are allowed', () => {
  const { connections, paths } = origin();
  const share = new ConnectionShare(connections, 1, 1);
  const errors: unknown[] = [];
  for (const path of ['a', 'b', 'c']) call(share, path, { onError: (error) => errors.push([path, error.message]) });
  expect(paths()).toEqual(['a']);
  expect(errors).toEqual([['c', '1 calls wait for a connection already.']]);
});

it('counts calls over new connections, too', async () => {
  const { connections, sent, end } = origin();
  const share = new ConnectionShare(connections, 1, 10);
  call(share, 'a');
  call(share, 'b', {}, true);
  expect(sent.length).toBe(1);
  end('a');
  await nextTurn();
  expect(sent.at(-1)).toMatchObject({ path: 'b', isFresh: true });
});

it('counts calls of handlers that report their end, and of those that do not', async () => {
  const { connections, paths, sent } = origin();
  const share = new ConnectionShare(connections, 1, 10);
  const own: Dispatcher.DispatchHandler & CountedHandler = { share: undefined };
  call(share, 'a', own);
  const events: unknown[] = [];
  call(share, 'b', {
    onConnect: () => events.push('connect'),
    onHeaders: (status) => events.push(status) > 0,
    onData: (chunk) => events.push(String(chunk)) > 0,
    onError: (error) => events.push(error.message),
  });
  own.share?.leave();
  await nextTurn();
  expect(paths()).toEqual(['a', 'b']);
  call(share, 'c');
  const { handler } = sent[1] ?? {};
  handler?.onConnect?.(() => {});
  handler?.onHeaders?.(200, [], () => {}, 'OK');
  handler?.onData?.(Buffer.from('{}'));
  handler?.onError?.(new Error('reset'));
  expect(events).toEqual(['connect', 200, '{}', 'reset']);
  await nextTurn();
  expect(paths()).toEqual(['a', 'b', 'c']);
});

it('is closed when its calls have ended, those that wait included', async () => {
  const { connections, end } = origin();
  const share = new ConnectionShare(connections, 1, 10);
  call(share, 'a');
  call(share, 'b');
  let isClosed = false;
  const closing = share.close().then(() => {
    isClosed = true;
  });
  end('a');
  await nextTurn();
  expect(isClosed).toBe(false);
  end('b');
  await closing;
});

it('a call that is cancelled while it waits makes room for another, and is never sent', async () => {
  const { connections, paths, end } = origin();
  const share = new ConnectionShare(connections, 1, 1);
  call(share, 'a');
  const own: Dispatcher.DispatchHandler & CountedHandler = { share: undefined };
  call(share, 'b', own);
  own.share?.withdraw(own);
  call(share, 'c');
  const running: Dispatcher.DispatchHandler & CountedHandler = { share: undefined };
  end('a');
  await nextTurn();
  expect(paths()).toEqual(['a', 'c']);
  end('c');
  call(share, 'd', running);
  running.share?.withdraw(running);
  call(share, 'e');
  expect(paths()).toEqual(['a', 'c', 'd']);
  running.share?.leave();
  await nextTurn();
  expect(paths()).toEqual(['a', 'c', 'd', 'e']);
});

it('a call with a signal ends at once when that is aborted while it waits', async () => {
  const { connections, paths, end } = origin();
  const share = new ConnectionShare(connections, 1, 1);
  const errors: unknown[] = [];
  const onError = (error: Error) => void errors.push(error.message);
  const [waits, runs] = [new AbortController(), new AbortController()];
  const send = (path: string, { signal }: AbortController) =>
    share.dispatch({ path, method: 'GET', signal } as Dispatcher.DispatchOptions, { onError });
  call(share, 'a');
  send('b', waits);
  waits.abort(new Error('left'));
  expect(errors).toEqual(['left']);
  send('c', runs);
  end('a');
  await nextTurn();
  // from here on, undici ends the call
  runs.abort(new Error('late'));
  expect([paths(), errors]).toEqual([['a', 'c'], ['left']]);
});

it('is closed when the last call that waited is cancelled', async () => {
  const { connections, end } = origin();
  const share = new ConnectionShare(connections, 1, 1);
  const own: Dispatcher.DispatchHandler & CountedHandler = { share: undefined };
  call(share, 'a');
  call(share, 'b', own);
  const closing = share.close();
  end('a');
  own.share?.withdraw(own);
  await closing;
});
