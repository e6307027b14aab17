import { Decoder, Encoder } from "@msgpack/msgpack";

// The codec's options know two ways with 64-bit integers: all of them are numbers, and those beyond 2^53 are silently wrong; or all of them are
// bigint, and numbers beyond 2^32 leave as floats. Both are wrong here, so these subclasses replace some of its private functions; the
// version is pinned, and a test holds that the functions exist.

interface EncoderParts {
  encode(value: unknown): Uint8Array<ArrayBuffer>;
  bytes: Uint8Array;
  view: DataView;
  encodeNumber(value: number): void;
  encodeNumberAsFloat(value: number): void;
  encodeBigInt64(value: bigint): void;
  encodeObject(value: unknown, depth: number): void;
  encodeArray(value: unknown[], depth: number): void;
  encodeMap(value: object, depth: number): void;
  doEncode(value: unknown, depth: number): void;
  writeU8(value: number): void;
  writeU32(value: number): void;
}

interface DecoderParts {
  decode(bytes: Uint8Array): unknown;
  decodeUtf8String(length: number, offset: number): string;
  stateIsMapKey(): boolean;
  readU64(): number | bigint;
  readI64(): number | bigint;
  readU64AsBigInt(): bigint;
  readI64AsBigInt(): bigint;
}

const BaseEncoder = Encoder as unknown as new (options: object) => EncoderParts;
const BaseDecoder = Decoder as unknown as new (options: object) => DecoderParts;

const SHORT = 2 ** 32;
const LARGE = 1 << 20; // bytes
const fits = (value: number | bigint) => value >= -(2n ** 63n) && value < 2n ** 64n;

export class MessageEncoder extends BaseEncoder {
  constructor() {
    super({ ignoreUndefined: true });
  }

  override encode(value: unknown): Uint8Array<ArrayBuffer> {
    const encoded = super.encode(value);
    if (encoded.length > LARGE) {
      // Else a buffer of that size would be kept for the next message.
      this.bytes = new Uint8Array(2048);
      this.view = new DataView(this.bytes.buffer);
    }
    return encoded;
  }

  /** Integers leave as such, whatever their size; a float only where 64 bits do not hold them. */
  override encodeNumber(value: number): void {
    if (Number.isInteger(value) && !Number.isSafeInteger(value) && fits(value)) {
      this.encodeBigInt64(BigInt(value));
    } else {
      super.encodeNumber(value);
    }
  }

  override encodeObject(value: unknown, depth: number): void {
    if (typeof value === "bigint") {
      if (value > -SHORT && value < SHORT) this.encodeNumber(Number(value)); // the shortest form, as for numbers
      else if (fits(value)) this.encodeBigInt64(value);
      else throw new RangeError(`${value} does not fit into 64 bits`);
    } else if (value instanceof Set) {
      this.encodeArray([...value], depth);
    } else if (value instanceof Map) {
      // Unlike those of an object, keys of a Map may be integers. 0xdf: a map with 32 bits of size, which means the same as the shorter forms.
      if (value.size < 16) this.writeU8(0x80 + value.size);
      else {
        this.writeU8(0xdf);
        this.writeU32(value.size);
      }
      for (const [key, item] of value) {
        this.doEncode(key, depth + 1);
        this.doEncode(item, depth + 1);
      }
    } else {
      super.encodeObject(value, depth);
    }
  }
}

const narrow = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

export class MessageDecoder extends BaseDecoder {
  constructor() {
    super({ mapKeyConverter: (key: unknown) => (typeof key === "number" ? key : String(key)) });
  }

  override readU64(): number | bigint {
    return narrow(this.readU64AsBigInt());
  }

  override readI64(): number | bigint {
    return narrow(this.readI64AsBigInt());
  }

  /** The base class refuses a message with a key `__proto__` as a whole: then one such message in a topic would stop whoever reads it. */
  override decodeUtf8String(length: number, offset: number): string {
    const text = super.decodeUtf8String(length, offset);
    return text === "__proto__" && this.stateIsMapKey() ? "_proto_" : text;
  }
}
