import type { Ending } from "./transport.js";

/** How long a client waits before it connects again. Milliseconds. */
export interface Backoff {
  /** The first wait is a random part of this. Default 500. */
  firstMs: number;
  /** Each wait is a random part of twice as much as that before it, at most of this. Default 30,000. */
  longestMs: number;
}

/**
 * Endings after which trying again is of no use: the server says who may come, or speaks another protocol. Where nobody has been there yet (`isFirst`), an address that
 * is none counts, too, and an HTTP status that says that no such server is there; later that may be a balancer while a node is replaced.
 */
export function isFinal({ status, code, problem }: Ending, isFirst = false): boolean {
  const isMistake = problem !== undefined || (status! < 500 && ![408, 425, 429].includes(status!));
  return (isFirst && isMistake) || [401, 403, 406].includes(status!) || [3000, 3003, 4401, 4403].includes(code!);
}

/** However long a server wishes; timers take no more than 24 days, and nobody means that. Milliseconds. */
export const LONGEST_WISH = 3_600_000;

/** The wish of a server that names a delay: in the header Retry-After, or in words such as "retry after 5 s" or "retry_after_ms=500". */
export function namedDelay({ retryAfterMs, reason }: Ending): number {
  const [text = "", delay] = /retry.?after\D*([\d.]+)( *ms)?/i.exec(reason) ?? [];
  const ms = retryAfterMs ?? Number(delay) * (/ms/i.test(text) ? 1 : 1000);
  return Math.min(LONGEST_WISH, Math.max(0, ms || 0));
}

/**
 * The wait before attempt `attempt`, from 0: the server's wish, and a random part of a span that doubles. The span is full, so that many
 * clients that lost one server do not come back together. Close code 1013 (try again later) begins four times higher.
 */
export function delayOf(ending: Ending, attempt: number, { firstMs, longestMs }: Backoff): number {
  const doubled = firstMs * 2 ** Math.min(attempt + (ending.code === 1013 ? 2 : 0), 30);
  return namedDelay(ending) + Math.random() * Math.min(longestMs, doubled);
}
