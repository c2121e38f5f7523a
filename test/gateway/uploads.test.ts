import { describe, expect, it } from 'vitest';
import { latch } from './serving.ts';
import { field, filePart, HEADERS, multipart, openUpload, send, sha, upload, uploadWorld } from './upload-world.ts';

const STORE =
  'mutation ($file: Upload!, $title: String) { store(file: $file, title: $title) { name type size sha title } }';
const ALL = 'mutation ($files: [Upload!]!) { storeAll(files: $files) { name size } }';
const INPUT = 'mutation ($input: StoreInput!) { storeInput(input: $input) { name title parts } }';
const ATTACH = 'mutation ($a: Upload!, $b: Upload!) { store(file: $a) { name } attach(file: $b) }';

const one = { operations: { query: STORE, variables: { file: null } }, map: { 0: ['variables.file'] } };
const small = { name: '0', content: 'small' };

describe('files of a request', () => {
  it('go to the subgraph that takes them', async () => {
    const { url } = await uploadWorld();
    const content = 'hello\r\n--not a boundary\r\n';
    const { status, body } = await upload(url, {
      operations: { query: STORE, variables: { file: null, title: 'Greeting' } },
      map: { a: ['variables.file'] },
      files: [{ name: 'a', content, filename: 'hello.txt' }],
    });
    const size = content.length;
    expect(body).toEqual({
      data: { store: { name: 'hello.txt', type: 'text/plain', size, sha: sha(content), title: 'Greeting' } },
    });
    expect(status).toBe(200);
  });

  it('go to lists and to input objects', async () => {
    const { url } = await uploadWorld();
    const listed = await upload(url, {
      operations: { query: ALL, variables: { files: [null, null] } },
      map: { 0: ['variables.files.0'], 1: ['variables.files.1'] },
      files: [
        { name: '0', content: 'a' },
        { name: '1', content: 'bb' },
      ],
    });
    expect(listed.body).toEqual({
      data: {
        storeAll: [
          { name: '0.txt', size: 1 },
          { name: '1.txt', size: 2 },
        ],
      },
    });
    const nested = await upload(url, {
      operations: { query: INPUT, variables: { input: { title: 'Book', cover: null, parts: [null] } } },
      map: { c: ['variables.input.cover'], p: ['variables.input.parts.0'] },
      files: [
        { name: 'c', content: 'cover' },
        { name: 'p', content: 'first part' },
      ],
    });
    expect(nested.body).toEqual({ data: { storeInput: { name: 'c.txt', title: 'Book', parts: ['first part'] } } });
  });

  it('become a list of one, as any single value of a list does', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      operations: { query: ALL, variables: { files: null } },
      map: { 0: ['variables.files'] },
      files: [small],
    });
    expect(body).toEqual({ data: { storeAll: [{ name: '0.txt', size: 5 }] } });
  });

  it('may be one file in two places of one fetch', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      operations: { query: ALL, variables: { files: [null, null] } },
      map: { 0: ['variables.files.0', 'variables.files.1'] },
      files: [small],
    });
    expect(body).toEqual({
      data: {
        storeAll: [
          { name: '0.txt', size: 5 },
          { name: '0.txt', size: 5 },
        ],
      },
    });
  });

  it('go to several subgraphs, each to its own', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      operations: { query: ATTACH, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [
        { name: '0', content: 'x'.repeat(3_000_000), filename: 'long.txt' },
        { name: '1', content: 'to the note' },
      ],
    });
    expect(body).toEqual({ data: { store: { name: 'long.txt' }, attach: 'attached to the note' } });
  });

  it('may come in another order, if those that come too early are small', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      operations: { query: ATTACH, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [
        { name: '1', content: 'early '.repeat(20_000) },
        { name: '0', content: 'x'.repeat(3_000_000), filename: 'long.txt' },
      ],
    });
    expect(body).toEqual({ data: { store: { name: 'long.txt' }, attach: `attached ${'early '.repeat(20_000)}` } });
  });

  it('are refused in another order, if those that come too early are large', async () => {
    const { url, calls } = await uploadWorld();
    const { status, body } = await upload(url, {
      operations: { query: ATTACH, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [
        { name: '1', content: Buffer.alloc(3_000_000) },
        { name: '0', content: 'x', filename: 'small.txt' },
      ],
    });
    expect(status).toBe(400);
    expect(body.errors[0].message).toBe(
      'The operation needs the file "0" (variables.a) before the file "1" (variables.b), which comes first and is larger than ' +
        'the 1048576 bytes that are held. Send the files in the order in which the operation uses them.',
    );
    expect(calls.notes).toBe(0);
  });

  it('are optional where their type is', async () => {
    const { url } = await uploadWorld();
    const query = 'mutation ($file: Upload) { storeMaybe(file: $file) }';
    const { body } = await upload(url, { operations: { query, variables: { file: null } }, map: {} });
    expect(body).toEqual({ data: { storeMaybe: 'none' } });
    const some = await upload(url, {
      operations: { query, variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [small],
    });
    expect(some.body).toEqual({ data: { storeMaybe: 'some' } });
  });

  it('may be empty, and without a name', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, { ...one, files: [{ name: '0', content: '', filename: '' }] });
    expect(body.data.store).toMatchObject({ size: 0 });
  });

  it('keep a name with quotes, line breaks and letters of any language', async () => {
    const { url } = await uploadWorld();
    const { body } = await upload(url, {
      ...one,
      files: [{ name: '0', content: 'x', filename: 'Ärger %22ja%22 日本.txt' }],
    });
    expect(body.data.store.name).toBe('Ärger %22ja%22 日本.txt');
  });

  it('are discarded when the operation does not take them', async () => {
    const { url, calls } = await uploadWorld();
    const query =
      'mutation ($file: Upload!, $no: Boolean!) { store(file: $file) @skip(if: $no) { name } note(text: "x") }';
    const { body } = await upload(url, {
      operations: { query, variables: { file: null, no: true } },
      map: { 0: ['variables.file'] },
      files: [{ name: '0', content: Buffer.alloc(2_000_000) }],
    });
    expect(body).toEqual({ data: { note: 'noted x' } });
    expect(calls.files).toBe(0);
  });

  it('come with a query, too', async () => {
    const { url } = await uploadWorld();
    const query = 'query ($file: Upload) { measure(file: $file) ready notes }';
    const { body } = await upload(url, {
      operations: { query, variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [small],
    });
    expect(body).toEqual({ data: { measure: 5, ready: true, notes: 1 } });
  });
});

describe('a request with files is refused', () => {
  it('where uploads are off, and the message has the key', async () => {
    const { url } = await uploadWorld({ file_upload: { enabled: false } });
    const { status, body } = await upload(url, { ...one, files: [small] });
    expect([status, body.errors[0].extensions.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(body.errors[0].message).toContain('file_upload.enabled');
  });

  it('without the header that browsers ask about first', async () => {
    const { url, calls } = await uploadWorld();
    const { 'apollo-require-preflight': _, ...headers } = HEADERS;
    const browser = { ...headers, origin: 'https://other.example', 'user-agent': 'Mozilla/5.0' };
    const { status, body } = await upload(url, { ...one, files: [small] }, browser);
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'CSRF_ERROR']);
    expect(body.errors[0].message).toContain('csrf.required_headers');
    expect(calls.files).toBe(0);
  });

  it.each([
    ['a path of the prototype', ['variables.__proto__.x'], 'there is nothing at the path "variables.__proto__.x"'],
    [
      'a member that every object has',
      ['variables.constructor'],
      'there is nothing at the path "variables.constructor"',
    ],
    ['another member of the request', ['query'], 'the path "query" must begin with "variables."'],
    ['all variables', ['variables'], 'the path "variables" must begin with "variables."'],
    ['a missing variable', ['variables.other'], 'there is nothing at the path "variables.other"'],
    ['a value that is not null', ['variables.title'], 'the value at the path "variables.title" must be null'],
    ['the length of a list', ['variables.list.length'], 'there is nothing at the path "variables.list.length"'],
    ['an index that is none', ['variables.list.00'], 'there is nothing at the path "variables.list.00"'],
    ['a path twice', ['variables.file', 'variables.file'], 'the value at the path "variables.file" must be null'],
    ['no path', [], '"0" must have a list of paths'],
    ['what is no list', 'variables.file', '"0" must have a list of paths'],
  ])('with %s in "map"', async (_, paths, message) => {
    const { url, calls } = await uploadWorld();
    const { status, body } = await upload(url, {
      operations: { query: STORE, variables: { file: null, title: 'a', list: [null] } },
      map: { 0: paths },
      files: [small],
    });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_REQUEST']);
    expect(body.errors[0].message).toContain(message);
    expect(calls.files).toBe(0);
  });

  it.each([
    [
      'a variable of another scalar',
      { query: STORE, variables: { file: null, title: null } },
      ['variables.file', 'variables.title'],
      'String cannot represent',
    ],
    [
      'a variable that the operation does not have',
      { query: '{ ready }', variables: { x: null } },
      ['variables.x'],
      'is for no variable of the operation',
    ],
    [
      'two subgraphs',
      { query: ATTACH.replaceAll('$b', '$a').replace(', $a: Upload!', ''), variables: { a: null } },
      ['variables.a'],
      'is needed twice: by the subgraphs "files" and "notes"',
    ],
  ])('with a file for %s', async (_, operations, paths, message) => {
    const { url, calls } = await uploadWorld();
    const { status, body } = await upload(url, { operations, map: { 0: paths }, files: [small] });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BAD_USER_INPUT']);
    expect(body.errors[0].message).toContain(message);
    expect(calls).toEqual({ files: 0, notes: 0 });
  });

  it.each([
    [
      '"map" before "operations"',
      [field('map', '{}'), field('operations', '{}')],
      'the field "operations" must come before the field "map"',
    ],
    [
      'a file before "map"',
      [field('operations', '{"query":"{ ready }"}'), filePart(small)],
      'must come before the files',
    ],
    [
      '"map" twice',
      [field('operations', '{"query":"{ ready }"}'), field('map', '{"0":["variables.x"]}'), field('map', '{}')],
      'there is nothing at the path',
    ],
    ['"operations" twice', [field('operations', '{}'), field('operations', '{}')], 'twice'],
    ['another field', [field('query', '{ ready }')], 'a field beside "operations" and "map"'],
    ['no fields', [], 'is not valid multipart/form-data'],
    ['no "map"', [field('operations', '{"query":"{ ready }"}')], 'no field "map"'],
    ['"operations" that is no JSON', [field('operations', '{')], 'The field "operations" is not valid JSON'],
    ['"map" that is no JSON', [field('operations', '{}'), field('map', '{')], 'The field "map" is not valid JSON'],
    ['"map" that is no object', [field('operations', '{}'), field('map', '[]')], 'expected an object'],
  ])('with %s', async (_, parts, message) => {
    const { url } = await uploadWorld();
    const end = Buffer.from('--limit-of-the-parts--\r\n');
    const { status, body } = await send(url, [...parts, end]);
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain(message);
  });

  it('as a batch', async () => {
    const { url } = await uploadWorld({ batching: { enabled: true } });
    const { status, body } = await upload(url, {
      operations: [one.operations],
      map: { 0: ['0.variables.file'] },
      files: [small],
    });
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'BATCHING_NOT_SUPPORTED']);
  });

  it('with a content coding, or without a boundary', async () => {
    const { url } = await uploadWorld();
    const gzip = await upload(url, { ...one, files: [small] }, { ...HEADERS, 'content-encoding': 'gzip' });
    expect([gzip.status, gzip.headers['accept-encoding']]).toEqual([415, 'identity']);
    const bare = await upload(url, { ...one, files: [small] }, { ...HEADERS, 'content-type': 'multipart/form-data' });
    expect(bare.status).toBe(400);
    expect(bare.body.errors[0].message).toContain('no boundary');
  });

  it('with a file that is not in the body, or not in "map", or that comes twice', async () => {
    const { url } = await uploadWorld();
    const missing = await upload(url, one);
    expect(missing.status).toBe(400);
    expect(missing.body.errors[0].message).toMatch(
      /^The file "0" \(variables\.file\) of "map" is not in the request body/,
    );
    const late = { name: '0', content: Buffer.alloc(500_000) };
    for (const name of ['1', '0']) {
      const { status, body } = await upload(url, {
        operations: { query: ALL, variables: { files: [null, null] } },
        map: { 0: ['variables.files.0'], 2: ['variables.files.1'] },
        files: [late, { name, content: 'more' }],
      });
      expect(status).toBe(400);
      expect(body.errors[0].message).toContain(`the file "${name}" is not in "map", or comes twice`);
    }
  });
});

describe('limits of files', () => {
  const limits = { file_upload: { max_file_size: '100KiB', max_files: 2 } };

  it('are those of the size: 413 while the file arrives, and the subgraph does not get the whole', async () => {
    const { url, behave } = await uploadWorld(limits);
    const begun = latch();
    const ends: boolean[] = [];
    behave('files', (req) => {
      begun.open();
      req.resume();
      req.on('close', () => ends.push(req.complete));
    });
    const whole = multipart({ ...one, files: [{ name: '0', content: Buffer.alloc(102_401) }] });
    const { answer, write, req } = openUpload(url);
    await write(whole.subarray(0, 50_000));
    await begun.promise;
    await write(whole.subarray(50_000));
    req.end();
    const { status, body } = await answer;
    expect([status, body.errors[0].extensions.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    expect(body.errors[0].message).toBe('The file "0" is larger than 102400 bytes (file_upload.max_file_size).');
    await expect.poll(() => ends).toEqual([false]);
  });

  it('let a file of exactly the largest size pass', async () => {
    const { url } = await uploadWorld(limits);
    const { body } = await upload(url, { ...one, files: [{ name: '0', content: Buffer.alloc(102_400) }] });
    expect(body.data.store.size).toBe(102_400);
  });

  it('refuse a body that its length shows to be too large, before anything of it is read', async () => {
    const { url, calls } = await uploadWorld(limits);
    const { status, body } = await send(url, multipart(one), { ...HEADERS, 'content-length': '900000000' }).catch(
      (error: Error) => ({ status: 0, body: error }),
    );
    expect(status).toBe(413);
    expect(body.errors[0].message).toContain('file_upload.max_file_size');
    expect(calls.files).toBe(0);
  });

  it('are those of the number, in "map" and in the body', async () => {
    const { url } = await uploadWorld(limits);
    const names = ['0', '1', '2'];
    const files = names.map((name) => ({ name, content: 'x' }));
    const mapped = await upload(url, {
      operations: { query: ALL, variables: { files: [null, null, null] } },
      map: Object.fromEntries(names.map((name) => [name, [`variables.files.${name}`]])),
      files,
    });
    expect([mapped.status, mapped.body.errors[0].message]).toEqual([
      413,
      'The request has more than 2 files (file_upload.max_files).',
    ]);
  });

  it('are those of the fields', async () => {
    const { url } = await uploadWorld({ limits: { http_max_request_bytes: 1_000 } });
    const long = { query: `${STORE} # ${'x'.repeat(1_000)}`, variables: { file: null } };
    const { status, body } = await upload(url, { ...one, operations: long, files: [small] });
    expect([status, body.errors[0].extensions.code]).toEqual([413, 'REQUEST_TOO_LARGE']);
    expect(body.errors[0].message).toContain('limits.http_max_request_bytes');
  });
});

it.each(['application/json', 'multipart/mixed;deferSpec=20220824, application/json'])(
  'on a single connection of server-sent events, files have the same limits for a client that accepts %s',
  async (accept) => {
    const { url } = await uploadWorld({ file_upload: { max_file_size: '1KiB' } });
    const token = await (await fetch(`${url}/stream`, { method: 'PUT' })).text();
    const operations = { ...one.operations, extensions: { operationId: '1' } };
    const { status, body } = await upload(
      `${url}/stream`,
      { operations, map: one.map, files: [{ name: '0', content: 'x'.repeat(2_000) }] },
      { ...HEADERS, accept, 'x-graphql-event-stream-token': token },
    );
    expect([status, body.errors[0].message]).toEqual([
      413,
      'The file "0" is larger than 1024 bytes (file_upload.max_file_size).',
    ]);
  },
);
