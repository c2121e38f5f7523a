import type { TextFormat } from './prometheus.ts';

const OPEN_METRICS = /application\/openmetrics-text[^,]*/i;
const TEXT = /text\/plain[^,]*/i;

/** Returns the format in which a scraper reads metrics, by its `accept` header. Without one, that is Prometheus' text format. */
export function metricsFormat(accept: string | undefined): TextFormat {
  const range = accept && OPEN_METRICS.exec(accept)?.[0];
  if (!accept || !range) return 'prometheus';
  const quality = qualityOf(range);
  const text = TEXT.exec(accept)?.[0];
  return quality > 0 && quality >= (text === undefined ? 0 : qualityOf(text)) ? 'openmetrics' : 'prometheus';
}

/** Returns the quality of a media range, such as `text/plain;version=0.0.4;q=0.5`. */
function qualityOf(range: string): number {
  const quality = range
    .split(';')
    .map((parameter) => parameter.trim())
    .find((parameter) => parameter.startsWith('q='));
  return quality === undefined ? 1 : Number(quality.slice(2)) || 0;
}
