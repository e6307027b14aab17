import { describe, expect, it } from "vitest";
import { encode, Extension } from "../../typescript/src/codec.js";
import { seqOf } from "../src/connection.ts";
import { hexDump, parse, print, shorten } from "../src/json.ts";
import { Pushed } from "../src/pushed.ts";
import { asWritten, link, problemsOf, type Type, Unreadable } from "../src/type.ts";

describe("JSON", () => {
  it.each([
    ["null", null],
    ["9007199254740993", 9007199254740993n],
    ["-18446744073709551615", -18446744073709551615n],
    ['{"a": [1, "x", {"b": true}]}', { a: [1, "x", { b: true }] }],
    ['["\\"9007199254740993", -1.5]', ['"9007199254740993', -1.5]],
    ['{"$bin": "AP8="}', Uint8Array.of(0, 255)],
    ['{"$ext": [7, "AQ=="]}', new Extension(7, Uint8Array.of(1))],
    ['{"$map": [[1, "a"], [null, {"$bin": ""}]]}', new Map<unknown, unknown>([[1, "a"], [null, new Uint8Array()]])],
  ])("%s is read and written", (text, value) => {
    expect(parse(text)).toEqual(value);
    expect(print(value)).toBe(text);
  });

  it("is written for what it has no form for", () => {
    expect(print(Number.NaN)).toBe('"NaN"');
    expect(print(new Date(0))).toBe('"1970-01-01T00:00:00.000Z"');
    expect(print(new Map([["a", 1]]))).toBe('{"a": 1}');
    expect(print(undefined)).toBe("null");
  });

  it("is broken into lines where it is long", () => {
    expect(print({ a: "x".repeat(50), b: "y".repeat(50) })).toBe(`{\n  "a": "${"x".repeat(50)}",\n  "b": "${"y".repeat(50)}"\n}`);
  });

  it("is cut where a browser would stand still", () => {
    expect(shorten("x".repeat(100_000))).toHaveLength(100_000);
    expect(shorten("x".repeat(100_001))).toMatch(/x … and 1 characters more$/);
  });
});

it("bytes are shown eight a line", () => {
  expect(hexDump(Uint8Array.of(0x93, 1, 0x41, 4, 5, 6, 7, 8, 9))).toBe("0000  93 01 41 04 05 06 07 08  ··A·····\n0008  09                       ·");
});

it.each([1, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])("the seq %d is read without decoding the rest", (seq) => {
  expect(seqOf(encode([seq, "data"]))).toBe(seq);
});

describe("what is pushed", () => {
  it("comes in order, whether it is waited for or not, and ends", async () => {
    const pushed = new Pushed<number>();
    const got: number[] = [];
    pushed.push(1);
    const taken = (async () => {
      for await (const item of pushed) got.push(item);
    })();
    await Promise.resolve();
    pushed.push(2);
    pushed.push(3);
    pushed.end();
    await taken;

    expect(got).toEqual([1, 2, 3]);
  });
});

describe("types", () => {
  const tree = (): Type => ({ type: "Tree", arguments: { v: { type: "int" }, next: { type: "Union", optional: true, arguments: { 0: { type: "Tree" }, 1: { type: "NoneType" } } } } });

  it("that hold themselves are checked at every depth", () => {
    expect(problemsOf(link(tree()), { v: 1, next: { v: 2, next: { v: "x" } } })).toEqual({
      next: [{ next: [{ v: [{ description: "Expected int, got str" }] }] }],
    });
  });

  it("whose rules JavaScript does not understand are left to the server", () => {
    expect(problemsOf({ type: "str", constraints: { pattern: "(?i)x[[:alpha:]]" } }, "1")).toBeUndefined();
  });

  it("say why something is no value", () => {
    expect(problemsOf({ type: "list", arguments: { 0: { type: "bytes" } } }, [new Unreadable("no digits", "x")])).toEqual({
      "*": [{ index: 0, errors: [{ description: "no digits" }] }],
    });
  });

  it("lets what is no value be sent as it was written, wherever it stands, and leaves the rest alone", () => {
    const at = new Date();
    const bad = new Unreadable("no", "12a");
    expect(asWritten({ a: [bad, 1], b: new Map([[bad, at]]), c: bad, d: undefined, e: null, f: 2n })).toEqual({
      a: ["12a", 1],
      b: new Map([["12a", at]]),
      c: "12a",
      e: null,
      f: 2n,
    });
  });
});
