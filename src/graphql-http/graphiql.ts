import { type PageNeeds, pageHeaders } from '../http/html-policy.ts';
import { type RequestContext, sendResponse } from '../http/request-context.ts';
import { StaticPage } from '../http/static-page.ts';
import type { Authenticator } from '../policy/authentication/authenticator.ts';
import { textResponse } from './graphql-over-http.ts';
import { prefersHtml } from './media-type.ts';

type Next = (context: RequestContext) => void;

export interface GraphiqlOptions {
  /** Whether GraphQL is served at a path. */
  readonly isGraphql: (path: string) => boolean;
  readonly authenticator: Authenticator | undefined;
  /** Keeps out whom nothing is answered, by the client's address. */
  readonly guard: (next: Next) => Next;
  /** Who may show it inside a frame. */
  readonly frames?: PageNeeds['frames'];
  /** Where a proxy shows the gateway: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
  readonly next: Next;
  readonly fail: (context: RequestContext, error: unknown) => void;
}

/**
 * Shows GraphiQL to browsers that go to where GraphQL is, whoever they are: a browser has no way to send a token with
 * that, and the page tells nothing. What is asked in it comes with the headers that are typed there, and is let in or not.
 * A browser that goes to `/` is sent there.
 */
export function serveGraphiql({
  isGraphql,
  authenticator,
  guard,
  frames,
  pathPrefix = '',
  next,
  fail,
}: GraphiqlOptions): Next {
  let page: Promise<StaticPage> | undefined;
  const show = guard((context) => {
    page ??= renderPage(frames);
    page.then((shown) => shown.send(context)).catch((error: unknown) => fail(context, error));
  });
  return (context) => {
    const { req, client } = context;
    if (req.method !== 'GET' || !prefersHtml(req.headers.accept)) return next(context);
    const path = pathOf(req.url ?? '/');
    if (path === '/') {
      const location = `${pathPrefix}/graphql`;
      return sendResponse(context, textResponse(302, 'text/plain', `See ${location}`, { location }));
    }
    if (!isGraphql(path)) return next(context);
    if (authenticator) context.client = { ...client, ip: authenticator.addressOf(req) };
    show(context);
  };
}

/** It brings its code along, and is large, so it is loaded when it is asked for. */
async function renderPage(frames: PageNeeds['frames']): Promise<StaticPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'Headgate', defaultQuery: FIRST_QUERY });
  return new StaticPage(html, pageHeaders(html, { also: EDITOR_SOURCES, frames }));
}

/** The editor runs its language services in workers that it makes of its own code, and its icons and fonts are in the page. */
const EDITOR_SOURCES = ['worker-src blob:', 'img-src data:', 'font-src data:'];

const FIRST_QUERY = `# Ctrl-Enter runs the query.
# Ctrl-Space tells what may stand here.
# The book at the top left is the schema.
# Headers, for a token, are below.

{
  __typename
}
`;

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
}
