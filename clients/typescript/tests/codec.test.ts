import { decode as decodeByLibrary, encode as encodeByLibrary, ExtData } from "@msgpack/msgpack";
import { describe, expect, it } from "vitest";
import { decode as decodeBytes, encode, encodeShared, Extension } from "../src/codec.js";

const hexOf = (value: unknown) => Buffer.from(encode(value)).toString("hex");
const decode = (hex: string) => decodeBytes(Buffer.from(hex, "hex"));
const again = (value: unknown) => decodeBytes(encode(value));

describe("codec", () => {
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
    expect(() => encode(value)).toThrow("does not fit into 64 bits");
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

  it("sends an ArrayBuffer as bytes, as any view of one", () => {
    const bytes = new Uint8Array([1, 2, 3]);
    expect([hexOf(bytes), hexOf(bytes.buffer), hexOf(new DataView(bytes.buffer, 1))]).toEqual(["c403010203", "c403010203", "c4020203"]);
  });

  it.each([
    [Promise.resolve(1), "a Promise cannot be sent: is an await missing?"],
    [/a/, "a RegExp cannot be sent"],
    [new URL("http://example.org"), "a URL cannot be sent"],
    [new WeakMap(), "a WeakMap cannot be sent"],
    [new Error("no"), "an Error cannot be sent"],
    [() => 1, "a function cannot be sent"],
  ])("refuses what would go as an empty map: %s", (value, why) => {
    expect(() => encode({ deep: [value] })).toThrow(new TypeError(why));
  });

  it("sends objects without fields, and those of an application's classes, as maps", () => {
    class Empty {}
    class Point {
      x = 1;
    }
    const bare = Object.create(null);
    expect([{}, { a: undefined }, bare, new Empty(), new Point()].map(hexOf)).toEqual(["80", "80", "80", "80", "81a17801"]);
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
    expect(encode(large).length).toBe(large.length + 5);
    expect(encodeShared(1).buffer.byteLength).toBeLessThan(1 << 20);
    expect(again({ a: "x".repeat(5000) })).toEqual({ a: "x".repeat(5000) });
  });

  it("reads keys of any type as text", () => {
    expect(decode("8301a161cf0020000000000001a162c3a163")).toEqual({ 1: "a", "9007199254740993": "b", true: "c" });
  });

  it("reads keys that are lists and maps as some text, whatever these hold", () => {
    const hostile = `81${hexOf("toString")}01`;

    expect(decode(`83920102018002${hostile}03`)).toEqual({ "1,2": 1, "[object Object]": 2, object: 3 });
    expect(decode(`8191${hexOf("__proto__")}81a16101`)).toEqual({ _proto_: { a: 1 } });
  });

  it("reads a key __proto__ under another name, and changes no prototype", () => {
    const value = decode(`81a9${Buffer.from("__proto__").toString("hex")}81a16101`) as any;

    expect(value).toEqual({ _proto_: { a: 1 } });
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(again("__proto__")).toBe("__proto__");
  });

  it.each([
    [new Date(1), "d7ff003d090000000000"],
    [new Date(1000), "d6ff00000001"],
    [new Date((2 ** 34 - 1) * 1000 + 5), "d7ff01312d03ffffffff"],
    [new Date(2 ** 34 * 1000), "c70cff000000000000000400000000"],
    [new Date(-1), "c70cff3b8b87c0ffffffffffffffff"],
  ])("sends %o in the shortest form, and reads it", (date, hex) => {
    expect(hexOf(date)).toBe(hex);
    expect(decode(hex)).toEqual(date);
  });

  it("cuts off what is finer than a millisecond, and reads a time that no Date holds as none", () => {
    expect(decode("d7ff0000000400000001")).toEqual(new Date(1000)); // 1 s and 1 ns
    expect((decode("c70cff000000007fffffffffffffff") as Date).getTime()).toBeNaN();
  });

  it("refuses what has no form on the wire", () => {
    const circle: unknown[] = [];
    circle.push(circle);

    for (const value of [() => {}, Symbol("a"), [() => {}], { a: Symbol("a") }]) expect(() => encode(value)).toThrow("cannot be sent");
    expect(() => encode(new Date(NaN))).toThrow("a Date that is no time");
    expect(() => encode(circle)).toThrow("nested more than 100 deep");
    expect(hexOf([1])).toBe("9101"); // and goes on
  });

  it("brings types of an application's own as they are", () => {
    for (const size of [0, 1, 2, 3, 4, 8, 12, 16, 17, 255, 256, 65536]) {
      const value = new Extension(5, new Uint8Array(size).fill(7));
      expect(again(value)).toEqual(value);
      const bytes = encodeByLibrary(new ExtData(5, value.data));
      expect(Buffer.from(encode(value)).equals(bytes)).toBe(true);
    }
    expect(again(new Extension(-1, new Uint8Array(3)))).toEqual(new Extension(-1, new Uint8Array(3))); // no time has that size
  });

  it("encodes in a getter of what is being encoded", () => {
    let inner = "";
    const value = {
      a: 1,
      get b() {
        inner = hexOf(["x".repeat(5000)]); // so that the buffer grows, too
        return 2;
      },
      c: 3,
    };

    expect(hexOf(value)).toBe("83a16101a16202a16303");
    expect(inner).toBe(`91da1388${"78".repeat(5000)}`);
  });

  it("keeps nothing of the bytes that it reads", () => {
    const message = encode({ a: new Uint8Array([1, 2]), b: "text" });
    const value = decodeBytes(message) as { a: Uint8Array };
    message.fill(0);

    expect(value).toEqual({ a: new Uint8Array([1, 2]), b: "text" });
    expect(value.a.buffer.byteLength).toBe(2);
  });

  it("tells keys apart that are alike", () => {
    const keys = ["", "a", "b", "ab", "ba", "é", "\xc3\xa9", "\ufffd", "k".repeat(16), "k".repeat(17), "k".repeat(300)];
    for (let i = 0; i < 2000; i++) keys.push(`f${i}o`, `f${i % 100}_${i}o`); // with the same first and last letter
    const map = Object.fromEntries(keys.map((key, i) => [key, i]));

    for (let round = 0; round < 3; round++) expect(again(map)).toEqual(map);
  });
});

describe("codec and library", () => {
  let seed = 1;
  const random = (below: number) => {
    seed = (seed * 48271) % 2147483647; // Park and Miller, so that a failure can be had again
    return seed % below;
  };
  const letters = ["a", "Z", "é", "語", "😀", "\0"];
  const text = () => Array.from({ length: random(200) ? [0, 3, 20, 31, 32, 63, 64, 100][random(8)]! : 12_000 }, () => letters[random(random(2) ? 2 : 6)]).join("");
  const number = () => (random(2) ? -1 : 1) * Math.floor(2 ** random(53) * (random(1000) / 1000)) + random(2) * [0, 0.5][random(2)]!;
  function value(depth: number): unknown {
    const kind = random(depth < 3 ? 9 : 6);
    if (kind === 0) return [null, true, false][random(3)];
    if (kind < 3) return number();
    if (kind < 4) return text();
    if (kind < 5) return new Date(number() % 8e15 | 0);
    if (kind < 6) return new Uint8Array(random(300)).fill(random(256));
    const size = depth ? random(5) : [2, 5, 15, 16, 40][random(5)]!;
    if (kind < 7) return Array.from({ length: size }, () => value(depth + 1));
    return Object.fromEntries(Array.from({ length: size }, () => [text(), value(depth + 1)]));
  }

  it("write the same bytes, and read each other's", () => {
    for (let i = 0; i < 500; i++) {
      const one = value(0);
      const bytes = encode(one);

      expect(Buffer.from(bytes).equals(encodeByLibrary(one))).toBe(true);
      expect(decodeByLibrary(bytes)).toEqual(one);
      expect(decodeBytes(bytes)).toEqual(one);
      expect(decodeBytes(Buffer.from([0, ...bytes]).subarray(1))).toEqual(one); // not at the begin of its buffer
    }
  });

  it("refuse a message that ends too early or goes on, and only a few others that have come to harm", () => {
    for (let i = 0; i < 300; i++) {
      const bytes = encode([value(2), value(2)]);
      expect(() => decodeBytes(bytes.subarray(0, random(bytes.length)))).toThrow(RangeError);
      expect(() => decodeBytes(Buffer.concat([bytes, Buffer.from([0])]))).toThrow("1 bytes behind a message");
      const harmed = bytes.slice();
      harmed[random(harmed.length)]! ^= 1 + random(255);
      try {
        decodeBytes(harmed);
      } catch (problem) {
        expect(problem).toBeInstanceOf(RangeError);
      }
    }
    expect(() => decode("c1")).toThrow(RangeError);
  });

  it("believes no size", () => {
    for (const head of ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff"]) {
      const before = process.memoryUsage().rss;
      expect(() => decode(head)).toThrow(RangeError);
      expect(process.memoryUsage().rss - before).toBeLessThan(50e6);
    }
    expect(() => decode("91".repeat(1_000_000))).toThrow(RangeError); // lists in lists
  });
});
