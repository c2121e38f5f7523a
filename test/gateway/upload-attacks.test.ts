import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { latch } from './serving.ts';
import {
  BOUNDARY,
  field,
  filePart,
  HEADERS,
  multipart,
  openUpload,
  send,
  upload,
  uploadWorld,
} from './upload-world.ts';

const STORE = 'mutation ($file: Upload!) { store(file: $file) { name type size } }';
const ONE = { operations: { query: STORE, variables: { file: null } }, map: { 0: ['variables.file'] } };
const STORED = { name: '0.txt', type: 'text/plain', size: 5 };
const small = { name: '0', content: 'small' };

const isFine = async (url: string) =>
  expect((await upload(url, { ...ONE, files: [small] })).body).toEqual({ data: { store: STORED } });

/** A connection of its own, with everything that it has received. */
function raw(url: string): Socket & { text: () => string } {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return Object.assign(socket, { text: () => Buffer.concat(chunks).toString() });
}

function head(headers: Record<string, string>): string {
  const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST /graphql HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** The statuses of the responses in a text. */
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));

describe('connections', () => {
  it('that are broken off anywhere, many at once, leave nothing behind', async () => {
    const { url, behave, lines, server } = await uploadWorld();
    let open = 0;
    behave('files', (req) => {
      open += 1;
      req.resume().on('error', () => {});
      req.on('close', () => {
        open -= 1;
      });
    });
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(100_000) }] });
    const text = head({ ...HEADERS, 'content-length': String(whole.length) });
    for (let round = 0; round < 8; round++) {
      const sockets = Array.from({ length: 50 }, (_, at) => {
        const socket = raw(url);
        socket.write(text);
        socket.write(whole.subarray(0, Math.floor((whole.length * (at * 8 + round)) / 400)));
        return socket;
      });
      await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.write('\r\n', resolve))));
      for (const [at, socket] of sockets.entries()) at % 2 === 0 ? socket.destroy() : socket.resetAndDestroy();
    }
    await expect.poll(() => open).toBe(0);
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
    // nothing is in flight any more
    await server.close();
    expect(lines.some(({ msg }) => msg === 'request cut off')).toBe(false);
  });

  it('that end inside of a file, without being reset, get a response', async () => {
    const { url, calls } = await uploadWorld();
    const whole = multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(100_000) }] });
    const socket = raw(url);
    socket.end(
      Buffer.concat([
        Buffer.from(head({ ...HEADERS, 'content-length': String(whole.length) })),
        whole.subarray(0, 50_000),
      ]),
    );
    await expect.poll(() => socket.closed).toBe(true);
    expect(calls.notes).toBe(0);
    await isFine(url);
  });

  it('read no request inside of a refused upload, and answer the next request', async () => {
    const { url } = await uploadWorld();
    const inside = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';
    const refused = multipart({ operations: '{', map: '{}', files: [{ name: '0', content: inside.repeat(2_000) }] });
    const next = '{"query":"{ ready }"}';
    const socket = raw(url);
    socket.write(head({ ...HEADERS, 'content-length': String(refused.length) }));
    socket.write(refused);
    socket.write(head({ 'content-type': 'application/json', 'content-length': String(next.length) }) + next);
    await expect.poll(() => statuses(socket.text())).toEqual([400, 200]);
    expect(socket.text()).toContain('{"data":{"ready":true}}');
  });

  it('that ask before they send are refused by the headers, without a "100 Continue"', async () => {
    const { url } = await uploadWorld({ file_upload: { max_file_size: '100KiB' } });
    const expecting = { ...HEADERS, expect: '100-continue' };
    const tooLong = raw(url);
    tooLong.write(head({ ...expecting, 'content-length': '900000000' }));
    await expect.poll(() => statuses(tooLong.text())).toEqual([413]);
    const { 'apollo-require-preflight': _, ...ofBrowser } = expecting;
    const forged = raw(url);
    forged.write(head({ ...ofBrowser, origin: 'https://evil.example', 'content-length': '100' }));
    await expect.poll(() => statuses(forged.text())).toEqual([400]);
    const good = raw(url);
    const body = multipart({ ...ONE, files: [small] });
    good.write(head({ ...expecting, 'content-length': String(body.length) }));
    await expect.poll(() => statuses(good.text())).toEqual([100]);
    good.write(body);
    await expect.poll(() => statuses(good.text())).toEqual([100, 200]);
  });
});

describe('forms of other sites', () => {
  it.each([
    ['multipart/form-data', 'multipart/form-data; boundary=limit-of-the-parts'],
    ['in capital letters', 'Multipart/FORM-DATA; boundary=limit-of-the-parts'],
    ['with a space before the parameter', 'multipart/form-data ; boundary=limit-of-the-parts'],
    ['with a second type', 'multipart/form-data; boundary=limit-of-the-parts, application/json'],
    ['with a type in a parameter', 'multipart/form-data; a="application/json"; boundary=limit-of-the-parts'],
    ['text/plain', 'text/plain'],
    ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded'],
  ])('run no operation: %s', async (_, type) => {
    const { url, calls } = await uploadWorld();
    const { status } = await upload(
      url,
      { ...ONE, files: [small] },
      { 'content-type': type, origin: 'https://evil.example', 'user-agent': 'Mozilla/5.0' },
    );
    expect([400, 415]).toContain(status);
    expect(calls).toEqual({ files: 0, notes: 0 });
  });
});

describe('content types', () => {
  it.each([
    ['no boundary', 'multipart/form-data'],
    ['an empty boundary', 'multipart/form-data; boundary='],
    ['an empty boundary in quotes', 'multipart/form-data; boundary=""'],
    ['another boundary than the body', 'multipart/form-data; boundary=other'],
    ['a very long boundary', `multipart/form-data; boundary=${'b'.repeat(8_000)}`],
    ['two boundaries', 'multipart/form-data; boundary=other; boundary=limit-of-the-parts'],
    ['another multipart type', 'multipart/mixed; boundary=limit-of-the-parts'],
    ['a parameter without a value', 'multipart/form-data; boundary'],
  ])('with %s are refused', async (_, type) => {
    const { url, calls } = await uploadWorld();
    const { status } = await upload(url, { ...ONE, files: [small] }, { ...HEADERS, 'content-type': type });
    expect([400, 415]).toContain(status);
    expect(calls).toEqual({ files: 0, notes: 0 });
    await isFine(url);
  });

  it('with a coding are refused, and nothing is decompressed', async () => {
    const { url } = await uploadWorld();
    const bomb = gzipSync(multipart({ ...ONE, files: [{ name: '0', content: Buffer.alloc(5_000_000) }] }));
    for (const coding of ['gzip', 'GZIP', 'identity, gzip', 'br', 'x'])
      expect((await send(url, bomb, { ...HEADERS, 'content-encoding': coding })).status).toBe(415);
  });
});

describe('heads of parts', () => {
  const named = (disposition: string, type = 'text/plain') =>
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\nContent-Type: ${type}\r\n\r\nsmall\r\n`,
    );
  const sent = (part: Buffer) => [
    field('operations', JSON.stringify(ONE.operations)),
    field('map', JSON.stringify(ONE.map)),
    part,
    Buffer.from(`--${BOUNDARY}--\r\n`),
  ];

  it.each([
    ['folders', 'name="0"; filename="../../etc/passwd"', 'passwd'],
    ['folders of Windows', 'name="0"; filename="C:\\\\temp\\\\a.txt"', 'a.txt'],
    ['an encoded name', 'name="0"; filename*=UTF-8\'\'%e6%97%a5.txt', '日.txt'],
    ['a quote', 'name="0"; filename="a\\"; name=\\"operations"', 'a%22; name=%22operations'],
  ])('whose file name has %s give the subgraph one header', async (_, disposition, name) => {
    const { url, behave } = await uploadWorld();
    const bodies: string[] = [];
    const done = latch();
    behave('files', async (req, res) => {
      bodies.push(Buffer.concat(await req.toArray()).toString());
      res.setHeader('content-type', 'application/json').end('{"data":{"store":{"name":"x","type":null,"size":1}}}');
      done.open();
    });
    await send(url, sent(named(disposition)));
    await done.promise;
    const line = bodies[0]?.split('\r\n').find((each) => each.includes('filename='));
    expect(line).toBe(`Content-Disposition: form-data; name="0"; filename="${name}"`);
    expect(bodies[0]).not.toMatch(/^X-Evil/m);
  });

  it.each([
    ['a type that is none', 'text'],
    ['a type with parameters', 'text/plain; charset="a\\"b"'],
    ['letters of other languages', 'text/plaïn'],
  ])('with %s reach the subgraph as a valid type', async (_, type) => {
    const { url } = await uploadWorld();
    const { body } = await send(url, sent(named('name="0"; filename="a"', type)));
    expect(['application/octet-stream', 'text/plain']).toContain(body.data.store.type);
  });

  it('whose file name has encoded line breaks are refused', async () => {
    const { url, calls } = await uploadWorld();
    const disposition = 'name="0"; filename*=UTF-8\'\'a%0D%0AX-Evil:%201%0D%0A%0D%0Abody';
    const { status, body } = await send(url, sent(named(disposition)));
    expect(status).toBe(400);
    expect(body.errors[0].message).toBe(
      'The file "0" (variables.file) of "map" is not in the request body, or was skipped: ' +
        'its file name must have no line breaks, also encoded (%0D, %0A), ' +
        'and of a part, 32 headers with 8192 bytes are read.',
    );
    expect(calls.files).toBe(0);
  });

  it('with the name twice, or without one, are refused', async () => {
    const { url } = await uploadWorld();
    for (const disposition of ['filename="a"', 'name=""; filename="a"', 'name="1"; name="0"; filename="a"']) {
      const { status } = await send(url, sent(named(disposition)));
      expect([200, 400]).toContain(status);
    }
    await isFine(url);
  });

  it('that are wrong in a body that comes in one piece begin no fetch', async () => {
    const { url, calls, server } = await uploadWorld();
    const whole = Buffer.concat(sent(named('name="other"; filename="a"')));
    expect((await send(url, whole, { ...HEADERS, 'content-length': String(whole.length) })).status).toBe(400);
    await server.close();
    expect(calls.files).toBe(0);
  });

  it.each([
    ['a file', ['operations', 'map']],
    ['"operations" with a file name', ['map']],
  ])('of a file named as a field are those of the field: %s', async (_, names) => {
    const { url, calls } = await uploadWorld();
    for (const name of names) {
      const parts = [filePart({ name, content: '{}' }), filePart({ name, content: '{}' })];
      expect((await send(url, [...parts, Buffer.from(`--${BOUNDARY}--\r\n`)])).status).toBe(400);
    }
    expect(calls.files).toBe(0);
  });
});

describe('"map"', () => {
  it('with very many paths, and with very long ones, is read in time, and its refusal is short', async () => {
    const { url } = await uploadWorld();
    const count = 60_000;
    const files = Array.from({ length: count }, () => null);
    const query = 'mutation ($files: [Upload!]!) { storeAll(files: $files) { size } }';
    const paths = files.map((_, at) => `variables.files.${at}`);
    const many = await upload(url, {
      operations: { query, variables: { files: [] } },
      map: { 0: paths },
      files: [small],
    });
    expect([many.status, many.body.errors[0].message.length < 300]).toEqual([400, true]);
    const long = await upload(url, { ...ONE, map: { 0: [`variables${'.a'.repeat(400_000)}`] }, files: [small] });
    expect([long.status, long.body.errors[0].message.length < 300]).toEqual([400, true]);
    const name = await upload(url, { ...ONE, map: { ['n'.repeat(500_000)]: ['variables.file'] } });
    expect([name.status, name.body.errors[0].message.length < 300]).toEqual([400, true]);
    await isFine(url);
  });

  it.each([
    'variables.__proto__.file',
    'variables.constructor.prototype.file',
    'variables.toString',
    '__proto__.file',
    'variables.file.__proto__',
    'variables..file',
    'variables.',
    '',
  ])('with the path %j changes nothing', async (path) => {
    const { url } = await uploadWorld();
    expect((await upload(url, { ...ONE, map: { 0: [path] }, files: [small] })).status).toBe(400);
    expect(({} as { file?: unknown }).file).toBeUndefined();
    await isFine(url);
  });
});

describe('memory', () => {
  it('of long fields is counted, and given back', async () => {
    const { url } = await uploadWorld({ limits: { max_buffered_bytes: '300KiB', http_max_request_bytes: 1_000_000 } });
    const long = Buffer.from(field('operations', `{"query":"${'x'.repeat(200_000)}`).subarray(0, 200_000));
    const first = openUpload(url);
    await first.write(long);
    const refused = async () => {
      const { answer, write, req } = openUpload(url);
      await write(long);
      const outcome = await Promise.race([answer, new Promise<undefined>((resolve) => setTimeout(resolve, 100))]);
      req.destroy();
      return outcome?.body.errors[0].extensions.code;
    };
    await expect.poll(refused).toBe('OVERLOADED');
    first.req.destroy();
    await expect.poll(refused).toBe(undefined);
  });

  it('of files that wait for a later one is counted, and given back', async () => {
    const { url } = await uploadWorld({ limits: { max_buffered_bytes: '1536KiB' } });
    const query = 'mutation ($a: Upload!, $b: Upload!) { store(file: $a) { size } attach(file: $b) }';
    const parts = {
      operations: { query, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [{ name: '1', content: Buffer.alloc(300_000) }, small],
    };
    const whole = multipart(parts);
    const first = openUpload(url);
    await first.write(whole.subarray(0, 250_000));
    const again = async () => (await upload(url, parts)).status;
    await expect.poll(again).toBe(503);
    await first.write(whole.subarray(250_000));
    first.req.end();
    expect((await first.answer).status).toBe(200);
    expect(await again()).toBe(200);
  });
});
