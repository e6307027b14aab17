import { Decoder, Encoder } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { MessageDecoder, MessageEncoder } from "../src/codec.js";

const encoder = new MessageEncoder();
const decoder = new MessageDecoder();
const hexOf = (value: unknown) => Buffer.from(encoder.encode(value)).toString("hex");
const decode = (hex: string) => decoder.decode(Buffer.from(hex, "hex"));
const again = (value: unknown) => decoder.decode(encoder.encode(value));

describe("codec", () => {
  it("finds the private functions of the library that it replaces or calls", () => {
    const encoderNames = ["encodeNumber", "encodeNumberAsFloat", "encodeBigInt64", "encodeObject", "encodeArray"];
    const moreNames = ["encodeMap", "doEncode", "writeU8", "writeU32"];
    const decoderNames = ["decodeUtf8String", "stateIsMapKey", "readU64", "readI64", "readU64AsBigInt", "readI64AsBigInt"];

    const { bytes, view } = new Encoder() as any;
    expect([bytes, view]).toEqual([expect.any(Uint8Array), expect.any(DataView)]);
    const missing = [
      ...[...encoderNames, ...moreNames].filter((name) => typeof (Encoder.prototype as any)[name] !== "function"),
      ...decoderNames.filter((name) => typeof (Decoder.prototype as any)[name] !== "function"),
    ];

    expect(missing).toEqual([]);
  });

  it.each([
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [-1, "ff"],
    [-33, "d0df"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
    [2 ** 53 - 1, "cf001fffffffffffff"],
    [2 ** 53 + 2, "cf0020000000000002"],
    [2 ** 63, "cf8000000000000000"],
    [-(2 ** 63), "d38000000000000000"],
    [2 ** 64, "cb43f0000000000000"],
    [-(2 ** 63) - 2048, "cbc3e0000000000001"],
    [1.5, "cb3ff8000000000000"],
    [1700000000123, "cf0000018bcfe5687b"],
  ])("sends the number %d as %s", (value, hex) => {
    expect(hexOf(value)).toBe(hex);
  });

  it.each([
    [0n, "00"],
    [255n, "ccff"],
    [2n ** 32n, "cf0000000100000000"],
    [2n ** 53n + 1n, "cf0020000000000001"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
    [-(2n ** 63n), "d38000000000000000"],
  ])("sends the bigint %d as %s", (value, hex) => {
    expect(hexOf(value)).toBe(hex);
  });

  it.each([2n ** 64n, -(2n ** 63n) - 1n])("refuses the bigint %d", (value) => {
    expect(() => encoder.encode(value)).toThrow("does not fit into 64 bits");
  });

  it.each([
    ["cf001fffffffffffff", 2 ** 53 - 1],
    ["cf0020000000000000", 2n ** 53n],
    ["cf0020000000000001", 2n ** 53n + 1n],
    ["cfffffffffffffffff", 2n ** 64n - 1n],
    ["d3ffffffffffffffff", -1],
    ["d3ffe0000000000001", -(2 ** 53) + 1],
    ["d3ffdfffffffffffff", -(2n ** 53n) - 1n],
  ])("reads %s as %d", (hex, value) => {
    expect(decode(hex)).toBe(value);
  });

  it("leaves out fields that are undefined, and keeps null", () => {
    expect(again({ a: undefined, b: null, c: 1 })).toEqual({ b: null, c: 1 });
  });

  it("brings bytes, times, Sets and Maps with keys that are no text", () => {
    const when = new Date(1700000000123);
    const bytes = new Uint8Array([1, 2, 3]);
    const big = new Map(Array.from({ length: 20 }, (_, i) => [i, i]));

    expect(again(when)).toEqual(when);
    expect(again(bytes)).toEqual(bytes);
    expect(again(new Set([1, 2]))).toEqual([1, 2]);
    expect(hexOf(new Map([[1, "a"]]))).toBe("8101a161");
    expect(Object.keys(again(big) as object)).toHaveLength(20);
  });

  it("keeps no buffer of a large message", () => {
    const large = new Uint8Array(8 << 20);

    expect(encoder.encode(large).length).toBe(large.length + 5);
    expect((encoder as any).bytes.length).toBeLessThan(1 << 20);
    expect(again({ a: "x".repeat(5000) })).toEqual({ a: "x".repeat(5000) });
  });

  it("reads keys of any type as text", () => {
    expect(decode("8301a161cf0020000000000001a162c3a163")).toEqual({ 1: "a", "9007199254740993": "b", true: "c" });
  });

  it("reads a key __proto__ under another name, and changes no prototype", () => {
    const value = decode(`81a9${Buffer.from("__proto__").toString("hex")}81a16101`) as any;

    expect(value).toEqual({ _proto_: { a: 1 } });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(again("__proto__")).toBe("__proto__");
  });
});
