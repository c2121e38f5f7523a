import { describe, expect, it } from 'vitest';
import { folderOf } from '../bff/support.ts';
import { type Shop, shop } from './shop.ts';

const QUERY = '{ products { id name ... @defer { stars } } }';
const ALL = [5, 4, 3];
const HIT = 'headgate; hit';

async function get(world: Shop, headers: Record<string, string> = {}, query = QUERY) {
  const response = await fetch(`${world.url}?query=${encodeURIComponent(query)}`, { headers });
  const { headers: given } = response;
  return { type: given.get('content-type') ?? '', cache: given.get('cache-status'), text: await response.text() };
}

const starsIn = (text: string) => JSON.parse(text).data.products.map(({ stars }: { stars: number }) => stars);

describe('a response in parts', () => {
  it.each([
    ['multipart/mixed; deferSpec=20220824', 'multipart/mixed'],
    ['text/event-stream', 'text/event-stream'],
  ])('is not cached as a whole one: %s', async (accept, type) => {
    const world = await shop();
    for (let i = 0; i < 2; i++) {
      const parts = await get(world, { accept });
      expect([parts.type.includes(type), parts.cache]).toEqual([true, null]);
    }
    const whole = await get(world);
    expect([whole.cache, starsIn(whole.text)]).toEqual([null, ALL]);
    expect((await get(world)).cache).toBe(HIT);
    // and is sent in parts although a whole one is cached
    expect((await get(world, { accept })).type).toContain(type);
  });

  it('fills the cache with values, of all of its parts', async () => {
    const world = await shop();
    await get(world, { accept: 'multipart/mixed; deferSpec=20220824' });
    world.counts();
    expect(starsIn((await get(world)).text)).toEqual(ALL);
    expect(world.counts()).toEqual({ products: 0, reviews: 0 });
  });

  it('that fails later leaves nothing of its failed part', async () => {
    const world = await shop();
    world.reviews.answer = () => ({ errors: [{ message: 'broken' }] });
    await get(world, { accept: 'multipart/mixed; deferSpec=20220824' });
    world.reviews.answer = undefined;
    expect(starsIn((await get(world)).text)).toEqual(ALL);
  });

  it('of an endpoint neither uses nor fills its cache', async () => {
    const endpoint = 'query @endpoint(cache: {maxAge: "1h"}) { products { id stars } }';
    const world = await shop({}, {}, folderOf({ 'web/list.graphql': endpoint }));
    const list = async (accept: string) => {
      const response = await fetch(world.url.replace('/graphql', '/bff/web/list'), { headers: { accept } });
      return { cache: response.headers.get('cache-status'), text: await response.text() };
    };
    for (let i = 0; i < 2; i++) expect((await list('text/event-stream')).cache).toBe(null);
    expect((await list('application/json')).cache).toBe('headgate; fwd=uri-miss');
    const hit = await list('application/json');
    expect([hit.cache, JSON.parse(hit.text).products[0].stars]).toEqual([HIT, 5]);
    expect((await list('text/event-stream')).cache).toBe(null);
  });
});

describe('a whole response in the cache', () => {
  const LIST = '{ products { id name } }';

  it.each([
    ['only-if-cached', HIT],
    ['max-age=0', HIT],
    ['no-cache', null],
    ['no-store', null],
  ])('for a client that sends Cache-Control: %s', async (control, expected) => {
    const world = await shop();
    await get(world, {}, LIST);
    expect((await get(world, { 'cache-control': control }, LIST)).cache).toBe(expected);
  });

  it('is sent whole to a client that asks for a range of it', async () => {
    const world = await shop();
    const { text } = await get(world, {}, LIST);
    const ranged = await get(world, { range: 'bytes=0-3' }, LIST);
    expect([ranged.cache, ranged.text]).toEqual([HIT, text]);
  });

  it('is made of complete responses only: neither of one with an error nor of one without data', async () => {
    const world = await shop();
    for (const broken of [
      { errors: [{ message: 'broken' }] },
      { data: { products: [{ id: '1', name: null }] }, errors: [{ message: 'broken', path: ['products', 0, 'name'] }] },
      { data: null },
    ]) {
      world.products.answer = () => broken;
      for (let i = 0; i < 2; i++) expect((await get(world, {}, LIST)).cache).toBe(null);
    }
    world.products.answer = undefined;
    expect(JSON.parse((await get(world, {}, LIST)).text).data.products.length).toBe(3);
  });
});
