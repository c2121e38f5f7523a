import type { PagePolicyOptions } from '../http/html-policy.ts';
import { pageHeaders } from '../http/html-policy.ts';
import { prefersHtml } from '../http/media-type.ts';
import { ipFilter } from '../http/middleware/ip-filter.ts';
import type { Handler, Middleware, MiddlewareOptions } from '../http/middleware/middleware.ts';
import { sendResponse } from '../http/request-context.ts';
import { textResponse } from '../http/response.ts';
import { StaticPage } from '../http/static-page.ts';
import { pathOf } from '../shared/url-path.ts';

export interface GraphiqlOptions extends Pick<MiddlewareOptions, 'authenticator' | 'addressFilter' | 'fail'> {
  /** Returns whether GraphQL is served at a path. */
  readonly isGraphql: (path: string) => boolean;
  /** Which sites may show GraphiQL in a frame. */
  readonly frames?: PagePolicyOptions['frames'];
  /** The path prefix of the gateway behind a proxy: `/shop-api`. */
  readonly pathPrefix?: string | undefined;
}

/**
 * Serves GraphiQL to browsers that open a GraphQL path, without authentication: a browser cannot send a token when it opens a page,
 * and the page contains nothing secret. Its operations are authenticated like any other. Redirects browsers from `/` to it.
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

/** Loads the page on first use, because it includes all of its code and is large. */
async function renderPage(frames: PagePolicyOptions['frames']): Promise<StaticPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({ title: 'Headgate', defaultQuery: DEFAULT_QUERY });
  return new StaticPage(html, pageHeaders(html, { directives: EDITOR_DIRECTIVES, frames }));
}

/** Directives for the editor: it creates workers from its own code, and has icons and fonts in the page. */
const EDITOR_DIRECTIVES = ['worker-src blob:', 'img-src data:', 'font-src data:'];

const DEFAULT_QUERY = `# Ctrl-Enter runs the query.
# Ctrl-Space suggests what may stand here.
# The book at the top left is the schema.
# Headers, for a token, are below.

{
  __typename
}
`;
