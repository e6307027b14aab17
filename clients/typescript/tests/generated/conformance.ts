// Made by `swill gen ts` of what a server says about itself (docs/typescript.md). To change it, make it anew.
import {
  type CallOptions,
  type Client,
  type Fields,
  type RequestOptions,
  type Source,
  type Stream,
  type StreamOptions,
  SwillError,
} from "@swill/swill";
import * as is from "@swill/swill/check";

/** An integer of 64 bits. It comes as a bigint where it is beyond 2⁵³−1, to either side of 0: `swill gen ts --bigint` says so. */
export type Int64 = number;

export interface Address {
  /** length 1 to 19 */
  street: string;
  /** matches ^[0-9]{5}$ */
  zip: string;
}

export interface CloseWith {
  code: Int64;
  /** default "" */
  reason?: string;
}

export const Color = {
  red: "red",
  blue: "blue",
} as const;
export type Color = (typeof Color)[keyof typeof Color];

/** Refused as a whole: passwords do not match */
export interface CreateUser {
  /** length 2 to 9, refused: name is reserved */
  name: string;
  /** at least 0, less than 150 */
  age: number;
  /** each: length 1 to 4, each: refused: bad tag */
  tags: string[];
  /** values: at most 100 */
  scores: Record<string, Int64>;
  /** item 0: greater than 0 */
  pair: [Int64, string];
  address: Address;
  password: string;
  confirm: string;
}

export type Empty = Record<string, never>;

export interface FailWith {
  code: Int64;
  message: string;
  data?: unknown;
}

export interface FirstError {
  /** at least 10 */
  a: Int64;
  /** at most 5 */
  b: Int64;
}

export const Level = {
  low: 1,
  high: 2,
} as const;
export type Level = (typeof Level)[keyof typeof Level];

export interface Limits {
  /** greater than 10 */
  gt: Int64;
  /** at least 10 */
  ge: Int64;
  /** less than 10 */
  lt: Int64;
  /** at most 10 */
  le: Int64;
}

export interface Line {
  /** matches ^[A-Z]{3}[0-9]{3}$ */
  sku: string;
  /** at least 1, at most 100 */
  qty: number;
}

export interface MetaSum {
  metadata_at_start: Record<string, unknown>;
  metadata: Record<string, unknown>;
  sum: Int64;
}

export interface Multiple {
  /** a multiple of 3 */
  n: Int64;
}

export interface Order {
  /** greater than 0 */
  id: Int64;
  /** length 1 to 3 */
  lines: Line[];
  /** default {} */
  notes?: Record<string, Address>;
  /** length 4 to 8 */
  coupon?: string | null;
  /** at least 0, less than 1000; default 1.0 */
  weight?: number;
}

export interface Point {
  x: number;
  /** default 0.0 */
  y: number;
}

export interface PointInput {
  x: number;
  /** default 0.0 */
  y?: number;
}

export interface Segment {
  a: PointInput;
  b: PointInput;
  label?: string | null;
}

export interface Slow {
  before: Int64;
  after: Int64;
  cancelled: boolean;
}

export interface Sparse {
  a: Int64;
  /** default 1 */
  b?: Int64;
  c?: string | null;
  /** default [] */
  d?: Int64[];
}

export interface Tree {
  v: Int64;
  /** default [] */
  children: Tree[];
}

export interface TreeInput {
  v: Int64;
  /** default [] */
  children?: TreeInput[];
}

export interface UserCreated {
  id: Int64;
  name: string;
}

export type Vec = [
  x: Int64,
  y: Int64,
  /** default 7 */
  z: Int64,
];

export type VecInput = [
  x: Int64,
  y: Int64,
  /** default 7 */
  z?: Int64,
];

export interface Whoami {
  id: string;
  method: string;
  path: string;
  query: string;
  args: Record<string, string[]>;
  cookies: Record<string, string>;
  user_agent: string | null;
  x_test: string | null;
  remote_addr: string;
  subprotocol: string;
  tls: boolean;
}

/** The handlers of the server that `client` is connected to, by the parts of their names. */
export function api(client: Client) {
  return {
    add(data: [Int64, Int64], options?: CallOptions): Promise<Int64> {
      return client.call("add", data, options);
    },
    add_async(data: [Int64, Int64], options?: CallOptions): Promise<Int64> {
      return client.call("add_async", data, options);
    },
    bidi_meta(source: Source<Int64>, options?: StreamOptions): Stream<Int64> {
      return client.duplex("bidi_meta", source, options);
    },
    blob(data: Int64, options?: CallOptions): Promise<Uint8Array> {
      return client.call("blob", data, options);
    },
    blob_len(data: Uint8Array, options?: CallOptions): Promise<Int64> {
      return client.call("blob_len", data, options);
    },
    block_ms(data: Int64, options?: CallOptions): Promise<Int64> {
      return client.call("block_ms", data, options);
    },
    both_metadata(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("both_metadata", data, options);
    },
    burst(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("burst", data, options);
    },
    close_mid_stream(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("close_mid_stream", data, options);
    },
    close_with(data: CloseWith, options?: CallOptions): Promise<Int64> {
      return client.call("close_with", data, options);
    },
    collect_catch(source: Source<Int64>, options?: RequestOptions): Promise<Int64[]> {
      return client.upload("collect_catch", source, options);
    },
    count(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("count", data, options);
    },
    count_slow(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("count_slow", data, options);
    },
    count_slow_catch(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("count_slow_catch", data, options);
    },
    create_user(data: CreateUser, options?: CallOptions): Promise<UserCreated> {
      return client.call("create_user", data, options);
    },
    echo_any(data?: unknown, options?: CallOptions): Promise<unknown> {
      return client.call("echo_any", data, options);
    },
    echo_bool(data: boolean, options?: CallOptions): Promise<boolean> {
      return client.call("echo_bool", data, options);
    },
    echo_bytes(data: Uint8Array, options?: CallOptions): Promise<Uint8Array> {
      return client.call("echo_bytes", data, options);
    },
    echo_datetime(data: Date, options?: CallOptions): Promise<Date> {
      return client.call("echo_datetime", data, options);
    },
    echo_dict(data: Record<string, Int64>, options?: CallOptions): Promise<Record<string, Int64>> {
      return client.call("echo_dict", data, options);
    },
    echo_dict_int(data: Map<Int64, string>, options?: CallOptions): Promise<Record<number, string>> {
      return client.call("echo_dict_int", data, options);
    },
    echo_enum(data: Color, options?: CallOptions): Promise<Color> {
      return client.call("echo_enum", data, options);
    },
    echo_float(data: number, options?: CallOptions): Promise<number> {
      return client.call("echo_float", data, options);
    },
    echo_int(data: Int64, options?: CallOptions): Promise<Int64> {
      return client.call("echo_int", data, options);
    },
    echo_intenum(data: Level, options?: CallOptions): Promise<Level> {
      return client.call("echo_intenum", data, options);
    },
    echo_list(data: Int64[], options?: CallOptions): Promise<Int64[]> {
      return client.call("echo_list", data, options);
    },
    echo_metadata(data?: Int64 | null, options?: CallOptions): Promise<Record<string, unknown>> {
      return client.call("echo_metadata", data, options);
    },
    echo_optional(data?: Int64 | null, options?: CallOptions): Promise<Int64 | null> {
      return client.call("echo_optional", data, options);
    },
    echo_set(data: Int64[], options?: CallOptions): Promise<Int64[]> {
      return client.call("echo_set", data, options);
    },
    echo_str(data: string, options?: CallOptions): Promise<string> {
      return client.call("echo_str", data, options);
    },
    echo_stream(source: Source<unknown>, options?: StreamOptions): Stream<unknown> {
      return client.duplex("echo_stream", source, options);
    },
    echo_tree(data: TreeInput, options?: CallOptions): Promise<Tree> {
      return client.call("echo_tree", data, options);
    },
    echo_uint(data: Int64, options?: CallOptions): Promise<Int64> {
      return client.call("echo_uint", data, options);
    },
    echo_union(data?: Int64 | string | null, options?: CallOptions): Promise<Int64 | string | null> {
      return client.call("echo_union", data, options);
    },
    empty_struct(data: Empty, options?: CallOptions): Promise<Empty> {
      return client.call("empty_struct", data, options);
    },
    fail_403(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_403", data, options);
    },
    fail_abort(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_abort", data, options);
    },
    fail_close(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_close", data, options);
    },
    fail_default(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_default", data, options);
    },
    fail_foreign(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_foreign", data, options);
    },
    fail_mid_stream(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("fail_mid_stream", data, options);
    },
    fail_mid_stream_unexpected(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("fail_mid_stream_unexpected", data, options);
    },
    fail_return_type(data?: Int64 | null, options?: CallOptions): Promise<string> {
      return client.call("fail_return_type", data, options);
    },
    fail_stream_item_type(data: Int64, options?: StreamOptions): Stream<unknown> {
      return client.stream("fail_stream_item_type", data, options);
    },
    fail_stream_meta(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("fail_stream_meta", data, options);
    },
    fail_subclass(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_subclass", data, options);
    },
    fail_unexpected(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_unexpected", data, options);
    },
    fail_with(data: FailWith, options?: CallOptions): Promise<Int64> {
      return client.call("fail_with", data, options);
    },
    fail_with_trailing(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("fail_with_trailing", data, options);
    },
    first_error(data: FirstError, options?: CallOptions): Promise<Int64> {
      return client.call("first_error", data, options);
    },
    first_only(source: Source<Int64>, options?: RequestOptions): Promise<Int64> {
      return client.upload("first_only", source, options);
    },
    hooklog(data: string, options?: CallOptions): Promise<[string, string | null, Int64 | null, unknown][]> {
      return client.call("hooklog", data, options);
    },
    jitter(source: Source<Int64>, options?: StreamOptions): Stream<Int64> {
      return client.duplex("jitter", source, options);
    },
    leading_later(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("leading_later", data, options);
    },
    leading_now(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("leading_now", data, options);
    },
    leading_overwrite(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("leading_overwrite", data, options);
    },
    leading_twice(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("leading_twice", data, options);
    },
    limits(data: Limits, options?: CallOptions): Promise<string> {
      return client.call("limits", data, options);
    },
    list_of_struct(data: PointInput[], options?: CallOptions): Promise<Record<string, Point>> {
      return client.call("list_of_struct", data, options);
    },
    manual_validation(data: Int64, options?: CallOptions): Promise<Int64> {
      return client.call("manual_validation", data, options);
    },
    metadata_stream(source: Source<Int64>, options?: RequestOptions): Promise<MetaSum> {
      return client.upload("metadata_stream", source, options);
    },
    midpoint(data: Segment, options?: CallOptions): Promise<Point> {
      return client.call("midpoint", data, options);
    },
    multiple(data: Multiple, options?: CallOptions): Promise<Int64> {
      return client.call("multiple", data, options);
    },
    multiply(source: Source<Int64>, options?: StreamOptions): Stream<Int64> {
      return client.duplex("multiply", source, options);
    },
    place_order(data: Order, options?: CallOptions): Promise<Int64> {
      return client.call("place_order", data, options);
    },
    ret_none(data?: Int64 | null, options?: CallOptions): Promise<null> {
      return client.call("ret_none", data, options);
    },
    sizes(data: Int64[], options?: StreamOptions): Stream<string> {
      return client.stream("sizes", data, options);
    },
    sleep_ms(data: Int64, options?: CallOptions): Promise<Int64> {
      return client.call("sleep_ms", data, options);
    },
    slow(data: Int64, options?: CallOptions): Promise<Slow> {
      return client.call("slow", data, options);
    },
    sparse(data: Sparse, options?: CallOptions): Promise<Sparse> {
      return client.call("sparse", data, options);
    },
    stall(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("stall", data, options);
    },
    stream_meta_late(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("stream_meta_late", data, options);
    },
    stream_meta_later(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("stream_meta_later", data, options);
    },
    stream_meta_now(data: Int64, options?: StreamOptions): Stream<Int64> {
      return client.stream("stream_meta_now", data, options);
    },
    sum_stream(source: Source<Int64>, options?: RequestOptions): Promise<Int64> {
      return client.upload("sum_stream", source, options);
    },
    sum_stream_slow(source: Source<Int64>, options?: RequestOptions): Promise<Int64> {
      return client.upload("sum_stream_slow", source, options);
    },
    take_two(source: Source<Int64>, options?: StreamOptions): Stream<Int64> {
      return client.duplex("take_two", source, options);
    },
    trailing(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
      return client.call("trailing", data, options);
    },
    untyped(options?: CallOptions): Promise<null> {
      return client.call("untyped", null, options);
    },
    upload_meta(source: Source<Int64>, options?: RequestOptions): Promise<Int64> {
      return client.upload("upload_meta", source, options);
    },
    validated_echo(data: FirstError, options?: CallOptions): Promise<FirstError> {
      return client.call("validated_echo", data, options);
    },
    validated_list(data: FirstError[], options?: CallOptions): Promise<Int64> {
      return client.call("validated_list", data, options);
    },
    validated_stream(source: Source<FirstError>, options?: RequestOptions): Promise<Int64> {
      return client.upload("validated_stream", source, options);
    },
    vec_double(data: VecInput, options?: CallOptions): Promise<Vec> {
      return client.call("vec_double", data, options);
    },
    whoami(data?: Int64 | null, options?: CallOptions): Promise<Whoami> {
      return client.call("whoami", data, options);
    },
    bp: {
      echo(data: Int64, options?: CallOptions): Promise<Int64> {
        return client.call("bp.echo", data, options);
      },
      fail(data?: Int64 | null, options?: CallOptions): Promise<Int64> {
        return client.call("bp.fail", data, options);
      },
    },
    named: {
      handler(data?: Int64 | null, options?: CallOptions): Promise<string> {
        return client.call("named.handler", data, options);
      },
    },
  };
}

export type Api = ReturnType<typeof api>;

/** What streams, and the messages of each handler or the items of its streams: for what takes a handler by its name. */
export interface Messages {
  add: { shape: "unary"; request: [Int64, Int64]; response: Int64 };
  add_async: { shape: "unary"; request: [Int64, Int64]; response: Int64 };
  bidi_meta: { shape: "both"; request: Int64; response: Int64 };
  blob: { shape: "unary"; request: Int64; response: Uint8Array };
  blob_len: { shape: "unary"; request: Uint8Array; response: Int64 };
  block_ms: { shape: "unary"; request: Int64; response: Int64 };
  both_metadata: { shape: "unary"; request: Int64 | null; response: Int64 };
  "bp.echo": { shape: "unary"; request: Int64; response: Int64 };
  "bp.fail": { shape: "unary"; request: Int64 | null; response: Int64 };
  burst: { shape: "down"; request: Int64; response: Int64 };
  close_mid_stream: { shape: "down"; request: Int64; response: Int64 };
  close_with: { shape: "unary"; request: CloseWith; response: Int64 };
  collect_catch: { shape: "up"; request: Int64; response: Int64[] };
  count: { shape: "down"; request: Int64; response: Int64 };
  count_slow: { shape: "down"; request: Int64; response: Int64 };
  count_slow_catch: { shape: "down"; request: Int64; response: Int64 };
  create_user: { shape: "unary"; request: CreateUser; response: UserCreated };
  echo_any: { shape: "unary"; request: unknown; response: unknown };
  echo_bool: { shape: "unary"; request: boolean; response: boolean };
  echo_bytes: { shape: "unary"; request: Uint8Array; response: Uint8Array };
  echo_datetime: { shape: "unary"; request: Date; response: Date };
  echo_dict: { shape: "unary"; request: Record<string, Int64>; response: Record<string, Int64> };
  echo_dict_int: { shape: "unary"; request: Map<Int64, string>; response: Record<number, string> };
  echo_enum: { shape: "unary"; request: Color; response: Color };
  echo_float: { shape: "unary"; request: number; response: number };
  echo_int: { shape: "unary"; request: Int64; response: Int64 };
  echo_intenum: { shape: "unary"; request: Level; response: Level };
  echo_list: { shape: "unary"; request: Int64[]; response: Int64[] };
  echo_metadata: { shape: "unary"; request: Int64 | null; response: Record<string, unknown> };
  echo_optional: { shape: "unary"; request: Int64 | null; response: Int64 | null };
  echo_set: { shape: "unary"; request: Int64[]; response: Int64[] };
  echo_str: { shape: "unary"; request: string; response: string };
  echo_stream: { shape: "both"; request: unknown; response: unknown };
  echo_tree: { shape: "unary"; request: TreeInput; response: Tree };
  echo_uint: { shape: "unary"; request: Int64; response: Int64 };
  echo_union: { shape: "unary"; request: Int64 | string | null; response: Int64 | string | null };
  empty_struct: { shape: "unary"; request: Empty; response: Empty };
  fail_403: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_abort: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_close: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_default: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_foreign: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_mid_stream: { shape: "down"; request: Int64; response: Int64 };
  fail_mid_stream_unexpected: { shape: "down"; request: Int64; response: Int64 };
  fail_return_type: { shape: "unary"; request: Int64 | null; response: string };
  fail_stream_item_type: { shape: "down"; request: Int64; response: unknown };
  fail_stream_meta: { shape: "down"; request: Int64; response: Int64 };
  fail_subclass: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_unexpected: { shape: "unary"; request: Int64 | null; response: Int64 };
  fail_with: { shape: "unary"; request: FailWith; response: Int64 };
  fail_with_trailing: { shape: "unary"; request: Int64 | null; response: Int64 };
  first_error: { shape: "unary"; request: FirstError; response: Int64 };
  first_only: { shape: "up"; request: Int64; response: Int64 };
  hooklog: { shape: "unary"; request: string; response: [string, string | null, Int64 | null, unknown][] };
  jitter: { shape: "both"; request: Int64; response: Int64 };
  leading_later: { shape: "unary"; request: Int64 | null; response: Int64 };
  leading_now: { shape: "unary"; request: Int64 | null; response: Int64 };
  leading_overwrite: { shape: "unary"; request: Int64 | null; response: Int64 };
  leading_twice: { shape: "unary"; request: Int64 | null; response: Int64 };
  limits: { shape: "unary"; request: Limits; response: string };
  list_of_struct: { shape: "unary"; request: PointInput[]; response: Record<string, Point> };
  manual_validation: { shape: "unary"; request: Int64; response: Int64 };
  metadata_stream: { shape: "up"; request: Int64; response: MetaSum };
  midpoint: { shape: "unary"; request: Segment; response: Point };
  multiple: { shape: "unary"; request: Multiple; response: Int64 };
  multiply: { shape: "both"; request: Int64; response: Int64 };
  "named.handler": { shape: "unary"; request: Int64 | null; response: string };
  place_order: { shape: "unary"; request: Order; response: Int64 };
  ret_none: { shape: "unary"; request: Int64 | null; response: null };
  sizes: { shape: "down"; request: Int64[]; response: string };
  sleep_ms: { shape: "unary"; request: Int64; response: Int64 };
  slow: { shape: "unary"; request: Int64; response: Slow };
  sparse: { shape: "unary"; request: Sparse; response: Sparse };
  stall: { shape: "down"; request: Int64; response: Int64 };
  stream_meta_late: { shape: "down"; request: Int64; response: Int64 };
  stream_meta_later: { shape: "down"; request: Int64; response: Int64 };
  stream_meta_now: { shape: "down"; request: Int64; response: Int64 };
  sum_stream: { shape: "up"; request: Int64; response: Int64 };
  sum_stream_slow: { shape: "up"; request: Int64; response: Int64 };
  take_two: { shape: "both"; request: Int64; response: Int64 };
  trailing: { shape: "unary"; request: Int64 | null; response: Int64 };
  untyped: { shape: "unary"; request: null; response: null };
  upload_meta: { shape: "up"; request: Int64; response: Int64 };
  validated_echo: { shape: "unary"; request: FirstError; response: FirstError };
  validated_list: { shape: "unary"; request: FirstError[]; response: Int64 };
  validated_stream: { shape: "up"; request: FirstError; response: Int64 };
  vec_double: { shape: "unary"; request: VecInput; response: Vec };
  whoami: { shape: "unary"; request: Int64 | null; response: Whoami };
}

/** What is known of each handler beside its types: what streams, hints for retries and time-outs, the errors it answers with. */
export const handlers = {
  add: { shape: "unary", errors: [422] },
  add_async: { shape: "unary", errors: [422] },
  bidi_meta: { shape: "both", errors: [422] },
  blob: { shape: "unary", errors: [422] },
  blob_len: { shape: "unary", errors: [422] },
  block_ms: { shape: "unary", errors: [422] },
  both_metadata: { shape: "unary", errors: [422] },
  "bp.echo": { shape: "unary", errors: [422] },
  "bp.fail": { shape: "unary", errors: [422] },
  burst: { shape: "down", errors: [422] },
  close_mid_stream: { shape: "down", errors: [422] },
  close_with: { shape: "unary", errors: [422] },
  collect_catch: { shape: "up", errors: [422] },
  count: { shape: "down", errors: [422] },
  count_slow: { shape: "down", errors: [422] },
  count_slow_catch: { shape: "down", errors: [422] },
  create_user: { shape: "unary", errors: [422] },
  echo_any: { shape: "unary", errors: [] },
  echo_bool: { shape: "unary", errors: [422] },
  echo_bytes: { shape: "unary", errors: [422] },
  echo_datetime: { shape: "unary", errors: [422] },
  echo_dict: { shape: "unary", errors: [422] },
  echo_dict_int: { shape: "unary", errors: [422] },
  echo_enum: { shape: "unary", errors: [422] },
  echo_float: { shape: "unary", errors: [422] },
  echo_int: { shape: "unary", errors: [422] },
  echo_intenum: { shape: "unary", errors: [422] },
  echo_list: { shape: "unary", errors: [422] },
  echo_metadata: { shape: "unary", errors: [422] },
  echo_optional: { shape: "unary", errors: [422] },
  echo_set: { shape: "unary", errors: [422] },
  echo_str: { shape: "unary", errors: [422] },
  echo_stream: { shape: "both", errors: [] },
  echo_tree: { shape: "unary", errors: [422] },
  echo_uint: { shape: "unary", errors: [422] },
  echo_union: { shape: "unary", errors: [422] },
  empty_struct: { shape: "unary", errors: [422] },
  fail_403: { shape: "unary", errors: [422] },
  fail_abort: { shape: "unary", errors: [422] },
  fail_close: { shape: "unary", errors: [422] },
  fail_default: { shape: "unary", errors: [422] },
  fail_foreign: { shape: "unary", errors: [422] },
  fail_mid_stream: { shape: "down", errors: [422] },
  fail_mid_stream_unexpected: { shape: "down", errors: [422] },
  fail_return_type: { shape: "unary", errors: [422] },
  fail_stream_item_type: { shape: "down", errors: [422] },
  fail_stream_meta: { shape: "down", errors: [422] },
  fail_subclass: { shape: "unary", errors: [422] },
  fail_unexpected: { shape: "unary", errors: [422] },
  fail_with: { shape: "unary", errors: [422] },
  fail_with_trailing: { shape: "unary", errors: [422] },
  first_error: { shape: "unary", errors: [422] },
  first_only: { shape: "up", errors: [422] },
  hooklog: { shape: "unary", errors: [422] },
  jitter: { shape: "both", errors: [422] },
  leading_later: { shape: "unary", errors: [422] },
  leading_now: { shape: "unary", errors: [422] },
  leading_overwrite: { shape: "unary", errors: [422] },
  leading_twice: { shape: "unary", errors: [422] },
  limits: { shape: "unary", errors: [422] },
  list_of_struct: { shape: "unary", errors: [422] },
  manual_validation: { shape: "unary", errors: [422] },
  metadata_stream: { shape: "up", errors: [422] },
  midpoint: { shape: "unary", errors: [422] },
  multiple: { shape: "unary", errors: [422] },
  multiply: { shape: "both", errors: [422] },
  "named.handler": { shape: "unary", errors: [422] },
  place_order: { shape: "unary", errors: [422] },
  ret_none: { shape: "unary", errors: [422] },
  sizes: { shape: "down", errors: [422] },
  sleep_ms: { shape: "unary", errors: [422] },
  slow: { shape: "unary", errors: [422] },
  sparse: { shape: "unary", errors: [422] },
  stall: { shape: "down", errors: [422] },
  stream_meta_late: { shape: "down", errors: [422] },
  stream_meta_later: { shape: "down", errors: [422] },
  stream_meta_now: { shape: "down", errors: [422] },
  sum_stream: { shape: "up", errors: [422] },
  sum_stream_slow: { shape: "up", errors: [422] },
  take_two: { shape: "both", errors: [422] },
  trailing: { shape: "unary", errors: [422] },
  untyped: { shape: "unary", errors: [] },
  upload_meta: { shape: "up", errors: [422] },
  validated_echo: { shape: "unary", errors: [422] },
  validated_list: { shape: "unary", errors: [422] },
  validated_stream: { shape: "up", errors: [422] },
  vec_double: { shape: "unary", errors: [422] },
  whoami: { shape: "unary", errors: [422] },
} as const;

type Failure<Code extends number, Data = unknown> = SwillError & { readonly code: Code; readonly data: Data };

/** The errors of each handler, told apart by `code`. Others, such as 503, may come from any (docs/protocol.md §4). */
export interface Errors {
  add: Failure<422, Fields>;
  add_async: Failure<422, Fields>;
  bidi_meta: Failure<422, Fields>;
  blob: Failure<422, Fields>;
  blob_len: Failure<422, Fields>;
  block_ms: Failure<422, Fields>;
  both_metadata: Failure<422, Fields>;
  "bp.echo": Failure<422, Fields>;
  "bp.fail": Failure<422, Fields>;
  burst: Failure<422, Fields>;
  close_mid_stream: Failure<422, Fields>;
  close_with: Failure<422, Fields>;
  collect_catch: Failure<422, Fields>;
  count: Failure<422, Fields>;
  count_slow: Failure<422, Fields>;
  count_slow_catch: Failure<422, Fields>;
  create_user: Failure<422, Fields>;
  echo_any: never;
  echo_bool: Failure<422, Fields>;
  echo_bytes: Failure<422, Fields>;
  echo_datetime: Failure<422, Fields>;
  echo_dict: Failure<422, Fields>;
  echo_dict_int: Failure<422, Fields>;
  echo_enum: Failure<422, Fields>;
  echo_float: Failure<422, Fields>;
  echo_int: Failure<422, Fields>;
  echo_intenum: Failure<422, Fields>;
  echo_list: Failure<422, Fields>;
  echo_metadata: Failure<422, Fields>;
  echo_optional: Failure<422, Fields>;
  echo_set: Failure<422, Fields>;
  echo_str: Failure<422, Fields>;
  echo_stream: never;
  echo_tree: Failure<422, Fields>;
  echo_uint: Failure<422, Fields>;
  echo_union: Failure<422, Fields>;
  empty_struct: Failure<422, Fields>;
  fail_403: Failure<422, Fields>;
  fail_abort: Failure<422, Fields>;
  fail_close: Failure<422, Fields>;
  fail_default: Failure<422, Fields>;
  fail_foreign: Failure<422, Fields>;
  fail_mid_stream: Failure<422, Fields>;
  fail_mid_stream_unexpected: Failure<422, Fields>;
  fail_return_type: Failure<422, Fields>;
  fail_stream_item_type: Failure<422, Fields>;
  fail_stream_meta: Failure<422, Fields>;
  fail_subclass: Failure<422, Fields>;
  fail_unexpected: Failure<422, Fields>;
  fail_with: Failure<422, Fields>;
  fail_with_trailing: Failure<422, Fields>;
  first_error: Failure<422, Fields>;
  first_only: Failure<422, Fields>;
  hooklog: Failure<422, Fields>;
  jitter: Failure<422, Fields>;
  leading_later: Failure<422, Fields>;
  leading_now: Failure<422, Fields>;
  leading_overwrite: Failure<422, Fields>;
  leading_twice: Failure<422, Fields>;
  limits: Failure<422, Fields>;
  list_of_struct: Failure<422, Fields>;
  manual_validation: Failure<422, Fields>;
  metadata_stream: Failure<422, Fields>;
  midpoint: Failure<422, Fields>;
  multiple: Failure<422, Fields>;
  multiply: Failure<422, Fields>;
  "named.handler": Failure<422, Fields>;
  place_order: Failure<422, Fields>;
  ret_none: Failure<422, Fields>;
  sizes: Failure<422, Fields>;
  sleep_ms: Failure<422, Fields>;
  slow: Failure<422, Fields>;
  sparse: Failure<422, Fields>;
  stall: Failure<422, Fields>;
  stream_meta_late: Failure<422, Fields>;
  stream_meta_later: Failure<422, Fields>;
  stream_meta_now: Failure<422, Fields>;
  sum_stream: Failure<422, Fields>;
  sum_stream_slow: Failure<422, Fields>;
  take_two: Failure<422, Fields>;
  trailing: Failure<422, Fields>;
  untyped: never;
  upload_meta: Failure<422, Fields>;
  validated_echo: Failure<422, Fields>;
  validated_list: Failure<422, Fields>;
  validated_stream: Failure<422, Fields>;
  vec_double: Failure<422, Fields>;
  whoami: Failure<422, Fields>;
}

/** Whether a call of that handler has failed with one of its errors: `code` then says which, and with it what `data` is. */
export function isErrorOf<Name extends keyof Errors>(handler: Name, problem: unknown): problem is Errors[Name] {
  const codes: readonly number[] = handlers[handler].errors;
  return problem instanceof SwillError && codes.includes(problem.code);
}

const addressType: is.Check = /* @__PURE__ */ is.struct("address", () => [
  ["street", is.str(is.minLength(1), is.lengthBelow(20)), true],
  ["zip", is.str(is.pattern(/^[0-9]{5}$/u, "^[0-9]{5}$")), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkAddress = (message: unknown): Fields | undefined => is.problemsOf(addressType, message);

const closeWithType: is.Check = /* @__PURE__ */ is.struct("close_with", () => [
  ["code", is.int("int64"), true],
  ["reason", is.str(), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkCloseWith = (message: unknown): Fields | undefined => is.problemsOf(closeWithType, message);

const createUserType: is.Check = /* @__PURE__ */ is.struct("CreateUser", () => [
  ["name", is.str(is.minLength(2), is.lengthBelow(10)), true],
  ["age", is.int("int64", is.ge(0), is.lt(150)), true],
  ["tags", is.list(is.str(is.minLength(1), is.lengthBelow(5))), true],
  ["scores", is.dict(is.str(), is.int("int64", is.le(100))), true],
  ["pair", is.tuple(is.int("int64", is.gt(0)), is.str()), true],
  ["address", addressType, true],
  ["password", is.str(), true],
  ["confirm", is.str(), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkCreateUser = (message: unknown): Fields | undefined => is.problemsOf(createUserType, message);

const emptyType: is.Check = /* @__PURE__ */ is.struct("empty", () => []);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkEmpty = (message: unknown): Fields | undefined => is.problemsOf(emptyType, message);

const failWithType: is.Check = /* @__PURE__ */ is.struct("fail_with", () => [
  ["code", is.int("int64"), true],
  ["message", is.str(), true],
  ["data", is.any, false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkFailWith = (message: unknown): Fields | undefined => is.problemsOf(failWithType, message);

const firstErrorType: is.Check = /* @__PURE__ */ is.struct("first_error", () => [
  ["a", is.int("int64", is.ge(10)), true],
  ["b", is.int("int64", is.le(5)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkFirstError = (message: unknown): Fields | undefined => is.problemsOf(firstErrorType, message);

const limitsType: is.Check = /* @__PURE__ */ is.struct("Limits", () => [
  ["gt", is.int("int64", is.gt(10)), true],
  ["ge", is.int("int64", is.ge(10)), true],
  ["lt", is.int("int64", is.lt(10)), true],
  ["le", is.int("int64", is.le(10)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkLimits = (message: unknown): Fields | undefined => is.problemsOf(limitsType, message);

const lineType: is.Check = /* @__PURE__ */ is.struct("line", () => [
  ["sku", is.str(is.pattern(/^[A-Z]{3}[0-9]{3}$/u, "^[A-Z]{3}[0-9]{3}$")), true],
  ["qty", is.int("int64", is.ge(1), is.le(100)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkLine = (message: unknown): Fields | undefined => is.problemsOf(lineType, message);

const multipleType: is.Check = /* @__PURE__ */ is.struct("multiple", () => [
  ["n", is.int("int64", is.multipleOf(3)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkMultiple = (message: unknown): Fields | undefined => is.problemsOf(multipleType, message);

const orderType: is.Check = /* @__PURE__ */ is.struct("order", () => [
  ["id", is.int("int64", is.gt(0)), true],
  ["lines", is.list(lineType, is.minLength(1), is.lengthBelow(4)), true],
  ["notes", is.dict(is.str(), addressType), false],
  ["coupon", is.optional(is.str(is.minLength(4), is.lengthBelow(9))), false],
  ["weight", is.float(is.ge(0), is.lt(1000)), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkOrder = (message: unknown): Fields | undefined => is.problemsOf(orderType, message);

const pointInputType: is.Check = /* @__PURE__ */ is.struct("Point", () => [
  ["x", is.float(), true],
  ["y", is.float(), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkPointInput = (message: unknown): Fields | undefined => is.problemsOf(pointInputType, message);

const segmentType: is.Check = /* @__PURE__ */ is.struct("segment", () => [
  ["a", pointInputType, true],
  ["b", pointInputType, true],
  ["label", is.optional(is.str()), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkSegment = (message: unknown): Fields | undefined => is.problemsOf(segmentType, message);

const sparseType: is.Check = /* @__PURE__ */ is.struct("sparse", () => [
  ["a", is.int("int64"), true],
  ["b", is.int("int64"), false],
  ["c", is.optional(is.str()), false],
  ["d", is.list(is.int("int64")), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkSparse = (message: unknown): Fields | undefined => is.problemsOf(sparseType, message);

const treeInputType: is.Check = /* @__PURE__ */ is.struct("Tree", () => [
  ["v", is.int("int64"), true],
  ["children", is.list(treeInputType), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkTreeInput = (message: unknown): Fields | undefined => is.problemsOf(treeInputType, message);

const vecInputType: is.Check = /* @__PURE__ */ is.arrayStruct("vec", () => [
  ["x", is.int("int64"), true],
  ["y", is.int("int64"), true],
  ["z", is.int("int64"), false],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkVecInput = (message: unknown): Fields | undefined => is.problemsOf(vecInputType, message);

/** The same by handler, of its message or of each item of its stream; one without a message takes null. */
export const checks = {
  add: (message: unknown) => is.problemsOf(is.tuple(is.int("int64"), is.int("int64")), message),
  add_async: (message: unknown) => is.problemsOf(is.tuple(is.int("int64"), is.int("int64")), message),
  bidi_meta: (message: unknown) => is.problemsOf(is.int("int64"), message),
  blob: (message: unknown) => is.problemsOf(is.int("int64"), message),
  blob_len: (message: unknown) => is.problemsOf(is.bytes(), message),
  block_ms: (message: unknown) => is.problemsOf(is.int("int64"), message),
  both_metadata: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  "bp.echo": (message: unknown) => is.problemsOf(is.int("int64"), message),
  "bp.fail": (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  burst: (message: unknown) => is.problemsOf(is.int("int64"), message),
  close_mid_stream: (message: unknown) => is.problemsOf(is.int("int64"), message),
  close_with: checkCloseWith,
  collect_catch: (message: unknown) => is.problemsOf(is.int("int64"), message),
  count: (message: unknown) => is.problemsOf(is.int("int64"), message),
  count_slow: (message: unknown) => is.problemsOf(is.int("int64"), message),
  count_slow_catch: (message: unknown) => is.problemsOf(is.int("int64"), message),
  create_user: checkCreateUser,
  echo_any: (message: unknown) => is.problemsOf(is.any, message),
  echo_bool: (message: unknown) => is.problemsOf(is.bool, message),
  echo_bytes: (message: unknown) => is.problemsOf(is.bytes(), message),
  echo_datetime: (message: unknown) => is.problemsOf(is.datetime, message),
  echo_dict: (message: unknown) => is.problemsOf(is.dict(is.str(), is.int("int64")), message),
  echo_dict_int: (message: unknown) => is.problemsOf(is.dict(is.int("int64"), is.str()), message),
  echo_enum: (message: unknown) => is.problemsOf(is.enumeration("red", "blue"), message),
  echo_float: (message: unknown) => is.problemsOf(is.float(), message),
  echo_int: (message: unknown) => is.problemsOf(is.int("int64"), message),
  echo_intenum: (message: unknown) => is.problemsOf(is.enumeration(1, 2), message),
  echo_list: (message: unknown) => is.problemsOf(is.list(is.int("int64")), message),
  echo_metadata: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  echo_optional: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  echo_set: (message: unknown) => is.problemsOf(is.set(is.int("int64")), message),
  echo_str: (message: unknown) => is.problemsOf(is.str(), message),
  echo_stream: (message: unknown) => is.problemsOf(is.any, message),
  echo_tree: checkTreeInput,
  echo_uint: (message: unknown) => is.problemsOf(is.int("uint64"), message),
  echo_union: (message: unknown) => is.problemsOf(is.union([is.int("int64"), is.str(), is.nil]), message),
  empty_struct: checkEmpty,
  fail_403: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_abort: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_close: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_default: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_foreign: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_mid_stream: (message: unknown) => is.problemsOf(is.int("int64"), message),
  fail_mid_stream_unexpected: (message: unknown) => is.problemsOf(is.int("int64"), message),
  fail_return_type: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_stream_item_type: (message: unknown) => is.problemsOf(is.int("int64"), message),
  fail_stream_meta: (message: unknown) => is.problemsOf(is.int("int64"), message),
  fail_subclass: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_unexpected: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  fail_with: checkFailWith,
  fail_with_trailing: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  first_error: checkFirstError,
  first_only: (message: unknown) => is.problemsOf(is.int("int64"), message),
  hooklog: (message: unknown) => is.problemsOf(is.str(), message),
  jitter: (message: unknown) => is.problemsOf(is.int("int64"), message),
  leading_later: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  leading_now: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  leading_overwrite: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  leading_twice: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  limits: checkLimits,
  list_of_struct: (message: unknown) => is.problemsOf(is.list(pointInputType), message),
  manual_validation: (message: unknown) => is.problemsOf(is.int("int64"), message),
  metadata_stream: (message: unknown) => is.problemsOf(is.int("int64"), message),
  midpoint: checkSegment,
  multiple: checkMultiple,
  multiply: (message: unknown) => is.problemsOf(is.int("int64"), message),
  "named.handler": (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  place_order: checkOrder,
  ret_none: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  sizes: (message: unknown) => is.problemsOf(is.list(is.int("int64")), message),
  sleep_ms: (message: unknown) => is.problemsOf(is.int("int64"), message),
  slow: (message: unknown) => is.problemsOf(is.int("int64"), message),
  sparse: checkSparse,
  stall: (message: unknown) => is.problemsOf(is.int("int64"), message),
  stream_meta_late: (message: unknown) => is.problemsOf(is.int("int64"), message),
  stream_meta_later: (message: unknown) => is.problemsOf(is.int("int64"), message),
  stream_meta_now: (message: unknown) => is.problemsOf(is.int("int64"), message),
  sum_stream: (message: unknown) => is.problemsOf(is.int("int64"), message),
  sum_stream_slow: (message: unknown) => is.problemsOf(is.int("int64"), message),
  take_two: (message: unknown) => is.problemsOf(is.int("int64"), message),
  trailing: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
  untyped: (message: unknown) => is.problemsOf(is.nil, message),
  upload_meta: (message: unknown) => is.problemsOf(is.int("int64"), message),
  validated_echo: checkFirstError,
  validated_list: (message: unknown) => is.problemsOf(is.list(firstErrorType), message),
  validated_stream: checkFirstError,
  vec_double: checkVecInput,
  whoami: (message: unknown) => is.problemsOf(is.optional(is.int("int64")), message),
};
