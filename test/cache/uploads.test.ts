import { expect, it } from 'vitest';
import { bodyOf, fakeSubgraph } from '../sources/fake-subgraph.ts';
import { gatewayOver } from '../sources/stitched/gateway.ts';

/** A subgraph of pictures, whose titles change with each upload. */
async function pictures() {
  const data = { title: 'first', status: 200 };
  const { url } = await fakeSubgraph(async (req, res) => {
    const isUpload = req.headers['content-type']?.startsWith('multipart/form-data') === true;
    const body = await bodyOf(req);
    res.setHeader('content-type', 'application/json');
    if (isUpload) data.title = 'second';
    if (isUpload && data.status !== 200) res.writeHead(data.status);
    const picture = { id: '1', title: data.title };
    res.end(JSON.stringify({ data: isUpload ? { replace: true } : body.includes('picture') ? { picture } : null }));
  });
  const sdl = `extend schema @subgraph(url: "${url}") @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    scalar Upload
    type Query { picture(id: ID!): Picture @cacheControl(maxAge: 600) @cacheTag(format: "picture-{$args.id}") }
    type Mutation { replace(id: ID!, file: Upload!): Boolean @invalidates(tags: ["picture-{$args.id}"]) }
    type Picture @key(fields: "id") @cacheControl(maxAge: 600) { id: ID! title: String }`;
  const gateway = await gatewayOver(
    { pictures: sdl },
    {
      response_cache: { enabled: true, jitter: '0%' },
      file_upload: { enabled: true },
      csrf: { unsafe_disabled: true },
    },
  );
  const title = async () => (await gateway.ask('{ picture(id: 1) { id title } }')).data.picture.title;
  const replace = async (id: string) => {
    const form = new FormData();
    const query = 'mutation ($id: ID!, $file: Upload!) { replace(id: $id, file: $file) }';
    form.append('operations', JSON.stringify({ query, variables: { id, file: null } }));
    form.append('map', '{"0":["variables.file"]}');
    form.append('0', new File(['bytes'], 'a.png', { type: 'image/png' }));
    const response = await fetch(gateway.url, { method: 'POST', body: form });
    return JSON.parse(await response.text());
  };
  return { data, title, replace };
}

it('an upload invalidates what its mutation names', async () => {
  const { title, replace } = await pictures();
  expect(await title()).toBe('first');
  expect(await replace('2')).toEqual({ data: { replace: true } });
  expect(await title()).toBe('first');
  expect(await replace('1')).toEqual({ data: { replace: true } });
  expect(await title()).toBe('second');
});

it('an upload without a usable response invalidates, too: it may have run', async () => {
  const { data, title, replace } = await pictures();
  expect(await title()).toBe('first');
  data.status = 502;
  await replace('1');
  expect(await title()).toBe('second');
});
