import { describe, expect, test } from 'vitest';
import { HEADERS, keptAlive, multipart, openUpload, type SentFile, upload } from '../../gateway/upload-world.ts';
import { gatewayOver } from '../stitched/gateway.ts';
import { json, type StubApi, stubApi } from './stub-api.ts';

const sdl = (api: StubApi) => `
  extend schema @link(url: "https://specs.apollo.dev/connect/v0.2", import: ["@source", "@connect"])
  extend schema @source(name: "api", http: {baseURL: "${api.url}"})
  scalar Upload
  type Query { x: Int @connect(source: "api", http: {GET: "/x"}, selection: "$.x") }
  type Mutation {
    raw(file: Upload!): String @connect(source: "api", http: {PUT: "/raw", body: "$args.file"}, selection: "$.said")
    typed(file: Upload!): String
      @connect(
        source: "api"
        http: {PUT: "/raw", body: "$args.file", headers: [{name: "content-type", value: "image/x-own"}]}
        selection: "$.said"
      )
    form(title: String, files: [Upload!], detail: Detail): String
      @connect(
        source: "api"
        http: {
          POST: "/form"
          headers: [{name: "content-type", value: "multipart/form-data"}]
          body: "title: $args.title detail: $args.detail file: $args.files"
        }
        selection: "$.said"
      )
    inJson(file: Upload!): String
      @connect(source: "api", http: {POST: "/json", body: "content: $args.file"}, selection: "$.said")
    inUrl(file: Upload!): String
      @connect(source: "api", http: {POST: "/url/{$args.file}"}, selection: "$.said")
  }
  input Detail { kind: String size: Int }
`;

async function gateway(api: StubApi, config: object = {}) {
  return gatewayOver({ api: sdl(api) }, { file_upload: { enabled: true }, ...config });
}

const file = (name: string, content: string | Buffer, type = 'text/plain'): SentFile => ({ name, content, type });
const said = () => ({ said: 'thanks' });

describe('files for REST APIs', () => {
  test('a file is the whole body, with its own content type', async () => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    const { body } = await upload(url, {
      operations: { query: 'mutation ($file: Upload!) { raw(file: $file) }', variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [file('0', Buffer.from([0, 255, 13, 10]), 'image/png')],
    });
    expect(body).toEqual({ data: { raw: 'thanks' } });
    expect(api.lines()).toEqual(['PUT /raw']);
    expect(api.calls[0]?.headers['content-type']).toBe('image/png');
    expect([...(api.calls[0]?.bytes ?? [])]).toEqual([0, 255, 13, 10]);
  });

  test('a header rule sets another content type', async () => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    await upload(url, {
      operations: { query: 'mutation ($file: Upload!) { typed(file: $file) }', variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [file('0', 'x')],
    });
    expect(api.calls[0]?.headers['content-type']).toBe('image/x-own');
  });

  test('with multipart/form-data, each member is a part, and each item of a list', async () => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    const query =
      'mutation ($files: [Upload!], $detail: Detail) { form(title: "A \\"title\\"", files: $files, detail: $detail) }';
    const { body } = await upload(url, {
      operations: { query, variables: { files: [null, null], detail: { kind: 'k', size: 3 } } },
      map: { 0: ['variables.files.0'], 1: ['variables.files.1'] },
      files: [file('0', 'first'), file('1', '{}', 'application/json')],
    });
    expect(body).toEqual({ data: { form: 'thanks' } });
    const [call] = api.calls;
    const form = await new Response(call?.bytes as never, {
      headers: { 'content-type': String(call?.headers['content-type']) },
    }).formData();
    expect([form.get('title'), form.get('detail')]).toEqual(['A "title"', '{"kind":"k","size":3}']);
    const files = form.getAll('file') as File[];
    expect(files.map(({ name, type }) => [name, type])).toEqual([
      ['0.txt', 'text/plain'],
      ['1.txt', 'application/json'],
    ]);
    expect(await Promise.all(files.map((one) => one.text()))).toEqual(['first', '{}']);
  });

  test.each([
    ['inside of JSON', 'inJson', 'A file must be the whole body, or a member of a body'],
    ['in a URL', 'inUrl', 'cannot be built'],
  ])('a file %s is an error, and the API is not called', async (_, field, message) => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    const { body } = await upload(url, {
      operations: { query: `mutation ($file: Upload!) { ${field}(file: $file) }`, variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [file('0', 'x')],
    });
    expect(body.errors[0].message).toContain(message);
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    expect(api.calls).toEqual([]);
  });

  test('two calls have a file each, one after the other, and one file cannot go to both', async () => {
    const api = await stubApi(({ body }) => ({ said: `${body.length} bytes` }));
    const { url } = await gateway(api);
    const query = 'mutation ($a: Upload!, $b: Upload!) { first: raw(file: $a) second: raw(file: $b) }';
    const { body } = await upload(url, {
      operations: { query, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [file('0', 'x'.repeat(2_000_000)), file('1', 'y'.repeat(1_500_000))],
    });
    expect(body).toEqual({ data: { first: '2000000 bytes', second: '1500000 bytes' } });
    const both = await upload(url, {
      operations: {
        query: 'mutation ($a: Upload!) { first: raw(file: $a) second: raw(file: $a) }',
        variables: { a: null },
      },
      map: { 0: ['variables.a'] },
      files: [file('0', 'x')],
    });
    expect(both.body.data).toEqual({ first: '1 bytes', second: null });
    expect(both.body.errors[0].message).toContain('can be sent once');
  });

  test('a large file before the one that is needed first ends the request', async () => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    const query = 'mutation ($a: Upload!, $b: Upload!) { first: raw(file: $b) second: raw(file: $a) }';
    const { status, body } = await upload(url, {
      operations: { query, variables: { a: null, b: null } },
      map: { 0: ['variables.a'], 1: ['variables.b'] },
      files: [file('0', Buffer.alloc(2_000_000)), file('1', 'y')],
    });
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain('needs the file "1" (variables.b) before the file "0" (variables.a)');
  });

  test('a call with a file is not sent again', async () => {
    const api = await stubApi(() => json(503, {}));
    const traffic_shaping = { all: { retry: { max_attempts: 3, on: ['5xx'] } } };
    const { url } = await gateway(api, { traffic_shaping });
    const { body } = await upload(url, {
      operations: { query: 'mutation ($file: Upload!) { raw(file: $file) }', variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [file('0', 'x')],
    });
    expect(body.errors[0].extensions.code).toBe('SUBREQUEST_HTTP_ERROR');
    expect(api.calls).toHaveLength(1);
  });

  test('an API that answers early ends the upload', async () => {
    const api = await stubApi(said);
    const { url } = await gateway(api);
    const whole = multipart({
      operations: { query: 'mutation ($file: Upload!) { inJson(file: $file) }', variables: { file: null } },
      map: { 0: ['variables.file'] },
      files: [file('0', Buffer.alloc(3_000_000))],
    });
    const { answer, write, req } = openUpload(url, HEADERS, keptAlive());
    await write(whole.subarray(0, 200_000));
    expect((await answer).body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
    await write(whole.subarray(200_000));
    req.end();
  });
});
