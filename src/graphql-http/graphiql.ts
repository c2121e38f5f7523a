import type { PageNeeds } from '../http/html-policy.ts';
import { pageHeaders } from '../http/html-policy.ts';
import { prefersHtml } from '../http/media-type.ts';
import { ipFilter } from '../http/middleware/ip-filter.ts';
import type { Handler, Middleware, MiddlewareOptions } from '../http/middleware/middleware.ts';
import { sendResponse } from '../http/request-context.ts';
import { textResponse } from '../http/response.ts';
import { StaticPage } from '../http/static-page.ts';
import { pathOf } from '../shared/url-path.ts';

export interface GraphiqlOptions extends Pick<MiddlewareOptions, 'authenticator' | 'addressFilter' | 'fail'> {
  /** Whether GraphQL is served at a path. */
  readonly isGraphql: (path: string) => boolean;
  /** Who may show it inside a frame. */
  readonly frames?: PageNeeds['frames'];
  /** Where a proxy shows the gateway: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
}

/**
 * Shows GraphiQL to browsers that open a GraphQL path, whoever they are: a browser has no way to send a token with that, and the
 * page contains nothing secret. Operations that it sends are authenticated like any other. A browser that opens `/` is sent there.
 */
export function serveGraphiql(options: GraphiqlOptions): Middleware {
  const { isGraphql, authenticator, addressFilter, frames, pathPrefix = '', fail } = options;
  let page: Promise<StaticPage> | undefined;
  const show: Handler = (context) => {
    page ??= renderPage(frames);
    page.then((shown) => shown.send(context)).catch((error: unknown) => fail(context, error));
  };
  const filter = ipFilter(addressFilter);
  const showIfAllowed = filter ? filter(show) : show;
  return (next) => (context) => {
    const { req, client } = context;
    if (req.method !== 'GET' || !prefersHtml(req.headers.accept)) return next(context);
    const path = pathOf(req.url);
    if (path === '/') {
      const location = `${pathPrefix}/graphql`;
      return sendResponse(context, textResponse(302, 'text/plain', `See ${location}`, { location }));
    }
    if (!isGraphql(path)) return next(context);
    if (authenticator) context.client = { ...client, ip: authenticator.addressOf(req) };
    showIfAllowed(context);
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
# Ctrl-Space suggests what may stand here.
# The book at the top left is the schema.
# Headers, for a token, are below.

{
  __typename
}
`;
