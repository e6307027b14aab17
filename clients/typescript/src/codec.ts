// MessagePack as the server speaks it: integers leave in their shortest form, whatever their size, and come back without a wrong digit.
// https://github.com/msgpack/msgpack/blob/master/spec.md

const LARGE = 1 << 20; // bytes
const LONG = 10_000; // characters; beyond it a buffer for what they may take at most would be wasteful
const DEEPEST = 100;
const TIMESTAMP = -1;
const TWO_32 = 2 ** 32;

/** A value of a type of an application's own (ext of MessagePack), as it is on the wire. */
export class Extension {
  constructor(
    readonly type: number,
    readonly data: Uint8Array,
  ) {}
}

// --- values to bytes

// What is encoded stands in one buffer for all clients. A getter of a value that is encoded may send, too: what it sends stands behind what there is of that value.
let out = new Uint8Array(2048);
let outView = new DataView(out.buffer);
let at = 0;
const utf8 = new TextEncoder();

/** Room for so many bytes more. */
function reserve(size: number): void {
  if (at + size <= out.length) return;
  const grown = new Uint8Array(2 * (at + size));
  grown.set(out.subarray(0, at));
  out = grown;
  outView = new DataView(out.buffer);
}

function put8(value: number): void {
  reserve(1);
  out[at++] = value;
}

function put16(head: number, value: number): void {
  reserve(3);
  out[at] = head;
  outView.setUint16(at + 1, value);
  at += 3;
}

function put32(head: number, value: number): void {
  reserve(5);
  out[at] = head;
  outView.setUint32(at + 1, value);
  at += 5;
}

/** Two halves of 64 bits, each of them modulo 2^32. */
function put64(head: number, high: number, low: number): void {
  put32(head, high);
  reserve(4);
  outView.setUint32(at, low);
  at += 4;
}

/** The head of something that has a size: `small` with the size in it, below `limit`, or one of three codes from `code` on; the first where `has8`. */
function putHead(size: number, small: number, limit: number, code: number, has8: boolean): void {
  if (size < limit) put8(small | size);
  else if (size < 256 && has8) {
    put8(code);
    put8(size);
  } else if (size < 65536) put16(code + 1, size);
  else put32(code + 2, size);
}

function putInteger(value: number): void {
  if (value >= 0) {
    if (value < 128) put8(value);
    else if (value < 256) {
      put8(0xcc);
      put8(value);
    } else if (value < 65536) put16(0xcd, value);
    else if (value < TWO_32) put32(0xce, value);
    else put64(0xcf, value / TWO_32, value);
  } else if (value >= -32) put8(value);
  else if (value >= -128) {
    put8(0xd0);
    put8(value);
  } else if (value >= -32768) put16(0xd1, value);
  else if (value >= -(2 ** 31)) put32(0xd2, value);
  else put64(0xd3, Math.floor(value / TWO_32), value);
}

function putNumber(value: number): void {
  if (Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64) putInteger(value);
  else {
    put8(0xcb);
    reserve(8);
    outView.setFloat64(at, value);
    at += 8;
  }
}

function putBigint(value: bigint): void {
  if (value > -TWO_32 && value < TWO_32) putInteger(Number(value));
  else if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError(`${value} does not fit into 64 bits`);
  else put64(value < 0 ? 0xd3 : 0xcf, Number(value >> 32n), Number(value & 0xffffffffn));
}

function putText(text: string): void {
  const { length } = text;
  if (length > LONG) {
    const bytes = utf8.encode(text);
    putHead(bytes.length, 0xa0, 32, 0xd9, true);
    putBytes(bytes);
    return;
  }
  reserve(5 + 3 * length);
  const head = length < 32 ? 1 : 2;
  if (length < 64) {
    let i = 0;
    for (let code; i < length && (code = text.charCodeAt(i)) < 128; i++) out[at + head + i] = code;
    if (i === length) {
      putHead(length, 0xa0, 32, 0xd9, true);
      at += length;
      return;
    }
  }
  const begin = at;
  const size = utf8.encodeInto(text, out.subarray(begin + 5)).written;
  putHead(size, 0xa0, 32, 0xd9, true);
  out.copyWithin(at, begin + 5, begin + 5 + size);
  at += size;
}

function putBytes(bytes: Uint8Array): void {
  reserve(bytes.length);
  out.set(bytes, at);
  at += bytes.length;
}

function putExtension(type: number, data: Uint8Array): void {
  const { length } = data;
  const fixed = [1, 2, 4, 8, 16].indexOf(length);
  if (fixed < 0) putHead(length, 0, 0, 0xc7, true);
  else put8(0xd4 + fixed);
  put8(type);
  putBytes(data);
}

function putDate(date: Date): void {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  const nanoseconds = (ms - seconds * 1000) * 1e6;
  if (Number.isNaN(ms)) throw new RangeError("a Date that is no time");
  const data = new DataView(new ArrayBuffer(12));
  let begin = 0;
  if (seconds < 0 || seconds >= 2 ** 34) {
    data.setUint32(0, nanoseconds);
    data.setInt32(4, Math.floor(seconds / TWO_32));
  } else if (nanoseconds || seconds >= TWO_32) {
    begin = 4;
    data.setUint32(4, nanoseconds * 4 + Math.floor(seconds / TWO_32));
  } else begin = 8;
  data.setUint32(8, seconds);
  putExtension(TIMESTAMP, new Uint8Array(data.buffer, begin));
}

function putList(list: readonly unknown[], depth: number): void {
  putHead(list.length, 0x90, 16, 0xdb, false);
  for (let i = 0; i < list.length; i++) put(list[i], depth);
}

function putBinary(bytes: Uint8Array): void {
  putHead(bytes.length, 0, 0, 0xc4, true);
  putBytes(bytes);
}

/** Throws for what a platform made that has no fields, such as a Promise or a RegExp: it would go as an empty map, and nobody means that. */
function refuseOpaque(value: object): void {
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (name === "Object") return;
  throw new TypeError(`${/^[AEIO]/.test(name) ? "an" : "a"} ${name} cannot be sent${name === "Promise" ? ": is an await missing?" : ""}`);
}

function putObject(value: any, depth: number): void {
  if (depth > DEEPEST) throw new Error(`nested more than ${DEEPEST} deep`);
  depth++;
  if (Array.isArray(value)) putList(value, depth);
  else if (value instanceof Date) putDate(value);
  else if (ArrayBuffer.isView(value)) putBinary(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  else if (value instanceof ArrayBuffer) putBinary(new Uint8Array(value));
  else if (value instanceof Set) putList([...value], depth);
  else if (value instanceof Map) {
    putHead(value.size, 0x80, 16, 0xdd, false); // unlike those of an object, keys of a Map may be integers
    for (const [key, item] of value) {
      put(key, depth);
      put(item, depth);
    }
  } else if (value instanceof Extension) putExtension(value.type, value.data);
  else {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined);
    if (!keys.length) refuseOpaque(value);
    putHead(keys.length, 0x80, 16, 0xdd, false);
    for (const key of keys) {
      putText(key);
      put(value[key], depth);
    }
  }
}

function put(value: unknown, depth: number): void {
  if (typeof value === "number") putNumber(value);
  else if (typeof value === "string") putText(value);
  else if (value === null || value === undefined) put8(0xc0);
  else if (typeof value === "boolean") put8(value ? 0xc3 : 0xc2);
  else if (typeof value === "object") putObject(value, depth);
  else if (typeof value === "bigint") putBigint(value);
  else throw new TypeError(`a ${typeof value} cannot be sent`);
}

/** The bytes of `value`, good until the next one is encoded. */
export function encodeShared(value: unknown): Uint8Array<ArrayBuffer> {
  const begin = at;
  try {
    put(value, 0);
    return out.subarray(begin, at);
  } finally {
    at = begin;
    if (!begin && out.length > LARGE) {
      // Else a buffer of that size would be kept for the next message.
      out = new Uint8Array(2048);
      outView = new DataView(out.buffer);
    }
  }
}

/** The bytes of `value`. */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return encodeShared(value).slice();
}

// --- bytes to values

const nothing: Uint8Array = new Uint8Array();
let from = nothing;
let next = 0;
const text = new TextDecoder("utf-8", { ignoreBOM: true });
/** Keys that came before, by what is quick to compare; short ones alone. */
const keys: string[] = Array(256).fill("");

/** Where what has that size begins. */
function skip(size: number): number {
  const begin = next;
  if ((next += size) > from.length) throw new RangeError("a message ends too early");
  return begin;
}

function take(size: number): number {
  let value = 0;
  for (let i = skip(size); i < next; i++) value = value * 256 + from[i]!;
  return value;
}

/** A float of so many bytes. */
function takeFloat(size: 4 | 8): number {
  const view = new DataView(from.buffer, from.byteOffset + skip(size), size);
  return size === 4 ? view.getFloat32(0) : view.getFloat64(0);
}

function take64(isSigned: boolean): number | bigint {
  const high = isSigned ? take(4) | 0 : take(4);
  const low = take(4);
  const value = high * TWO_32 + low;
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
}

function takeText(size: number): string {
  const begin = skip(size);
  if (size > 16) return text.decode(from.subarray(begin, next));
  let said = "";
  for (let i = begin; i < next; i++) {
    const code = from[i]!;
    if (code > 127) return text.decode(from.subarray(begin, next));
    said += String.fromCharCode(code);
  }
  return said;
}

function takeBytes(size: number): Uint8Array {
  return new Uint8Array(from.subarray(skip(size), next)); // a copy: else the message, and what came with it, would live as long
}

function takeExtension(size: number): unknown {
  const type = take(1) << 24 >> 24;
  if (type !== TIMESTAMP || ![4, 8, 12].includes(size)) return new Extension(type, takeBytes(size));
  let seconds: number | bigint;
  let nanoseconds = 0;
  if (size === 4) seconds = take(4);
  else {
    nanoseconds = take(4);
    if (size === 12) seconds = take64(true);
    else {
      seconds = (nanoseconds & 3) * TWO_32 + take(4);
      nanoseconds >>>= 2;
    }
  }
  return new Date(Number(seconds) * 1000 + nanoseconds / 1e6);
}

/** No size is believed: a list of a billion that is not there takes no memory. */
function takeList(size: number): unknown[] {
  const list: unknown[] = [];
  while (size--) list.push(takeValue());
  return list;
}

/** A key that is no text as one. A map in its place may have a field `toString` of its own. */
function nameOf(key: unknown): string {
  try {
    return String(key);
  } catch {
    return typeof key;
  }
}

function takeKey(): string | number {
  const size = from[next]! - 0xa0;
  const isShort = size >= 0 && size <= 16;
  const begin = next + 1;
  const place = ((from[begin]! * 31 + from[next + size]!) * 31 + size) & 255;
  if (isShort) {
    const known = keys[place]!;
    let i = known.length === size ? 0 : -1;
    while (i >= 0 && i < size) i = known.charCodeAt(i) === from[begin + i] ? i + 1 : -1;
    if (i >= 0) {
      next = begin + size;
      return known; // the same string, and no new one
    }
  }
  const key = takeValue();
  if (typeof key === "number") return key;
  const name = typeof key === "string" ? key : nameOf(key);
  if (name === "__proto__") return "_proto_"; // it changes no prototype
  if (isShort && name.length === size) keys[place] = name;
  return name;
}

function takeMap(size: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  while (size--) {
    const key = takeKey();
    map[key] = takeValue();
  }
  return map;
}

function takeValue(): unknown {
  const head = from[skip(1)]!;
  if (head < 0x80) return head;
  if (head < 0x90) return takeMap(head & 15);
  if (head < 0xa0) return takeList(head & 15);
  if (head < 0xc0) return takeText(head & 31);
  if (head > 0xdf) return head - 256;
  switch (head) {
    case 0xc0:
      return null;
    case 0xc2:
    case 0xc3:
      return head === 0xc3;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return takeBytes(take(1 << (head - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return takeExtension(take(1 << (head - 0xc7)));
    case 0xca:
      return takeFloat(4);
    case 0xcb:
      return takeFloat(8);
    case 0xcc:
    case 0xcd:
    case 0xce:
      return take(1 << (head - 0xcc));
    case 0xcf:
    case 0xd3:
      return take64(head === 0xd3);
    case 0xd0:
      return take(1) << 24 >> 24;
    case 0xd1:
      return take(2) << 16 >> 16;
    case 0xd2:
      return take(4) | 0;
    case 0xd9:
    case 0xda:
    case 0xdb:
      return takeText(take(1 << (head - 0xd9)));
    case 0xdc:
    case 0xdd:
      return takeList(take(head === 0xdc ? 2 : 4));
    case 0xde:
    case 0xdf:
      return takeMap(take(head === 0xde ? 2 : 4));
    case 0xc1:
      throw new RangeError("0xc1 is no type");
    default:
      return takeExtension(1 << (head - 0xd4)); // 0xd4 … 0xd8
  }
}

/** The value of `bytes`, which keeps nothing of them. Throws where they are not one value. */
export function decode(bytes: Uint8Array): unknown {
  from = bytes;
  next = 0;
  try {
    const value = takeValue();
    if (next < bytes.length) throw new RangeError(`${bytes.length - next} bytes behind a message`);
    return value;
  } finally {
    from = nothing;
  }
}
