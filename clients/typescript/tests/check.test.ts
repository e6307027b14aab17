import { describe, expect, it } from "vitest";
import * as is from "../src/check.js";

// What generated clients are made of; tests/e2e/generated.test.ts has it beside a server. Here is what that server has no handlers for.

const only = (...descriptions: string[]) => ({ "*": descriptions.map((description) => ({ description })) });

describe("checks", () => {
  it.each<[is.Check, unknown, ReturnType<typeof is.problemsOf>]>([
    [is.int("int8"), 127, undefined],
    [is.int("int8"), 128, only("Expected int from -128 to 127, got 128")],
    [is.int("uint16"), -1n, only("Expected int from 0 to 65535, got -1")],
    [is.int("int64", is.multipleOf(2n ** 60n)), 2n ** 61n, undefined],
    [is.int("int64", is.multipleOf(0)), 5, only("not a multiple of 0")],
    [is.int("int64", is.multipleOf(0.5, "0.5")), 3, undefined],
    [is.int("uint64", is.le(2n ** 63n)), 2n ** 63n + 1n, only("greater than 9223372036854775808")],
    [is.float(is.ge(10, "10.0"), is.lt(0.5, "0.5")), 9, only("less than 10.0", "greater than or equal to 0.5")],
    [is.float(is.gt(0), is.le(0)), Number.NaN, only("less than or equal to 0", "greater than 0")],
    [is.float(is.oneOf([0.5, 2], "0.5, 2.0")), 1, only("Not one of: 0.5, 2.0")],
    [is.int("int32", is.oneOf([1, 2])), 2n, undefined],
    [is.str(is.oneOf(["a", "b"])), "c", only("Not one of: a, b")],
    [is.str(is.minLength(2), is.pattern(/^a/u, "^a")), "b", only("length less than 2", "Does not match pattern: ^a")],
    [is.bytes(is.lengthBelow(2)), new ArrayBuffer(2), only("length greater than or equal to 2")],
    [is.bytes(is.lengthBelow(2)), new Uint8Array(2), only("length greater than or equal to 2")],
    [is.set(is.int("int64"), is.minLength(2)), [1, 1n], only("length less than 2")],
    [is.list(is.any, is.lengthBelow(1)), [null], only("length greater than or equal to 1")],
    [is.dict(is.str(is.minLength(1)), is.any, is.minLength(2)), { "": 1 }, { "*": [{ key: "", errors: [{ description: "length less than 1" }] }, { description: "length less than 2" }] }],
    [is.tuple(is.nil), [], only("Expected 1 item, got 0")],
    [is.optional(is.float(is.ge(1))), 0, only("less than 1")],
    [is.union([is.float(), is.int("int64")]), 2, undefined],
    [is.union([is.struct("A", () => [["a", is.nil, true]]), is.struct("B", () => [["b", is.int("int64", is.gt(0)), true]])]), { b: 0 }, { "*": [{ b: [{ description: "less than or equal to 0" }] }] }],
    [is.union([is.struct("A", () => [["a", is.nil, true]]), is.struct("B", () => [["b", is.nil, true]])]), {}, only("Expected A | B, got dict")],
    [is.struct("S", () => [["a", is.nil, false]], true), { a: null, b: 1, c: undefined }, { b: [{ description: "Unknown field" }] }],
    [is.struct("S", () => [["a", is.bool, false]]), undefined, undefined],
    [is.struct("S", () => [["a", is.bool, false]]), { a: null }, undefined],
    [is.arrayStruct("S", () => [["a", is.bool, true]], true), [1, 2, 3], { a: [{ description: "Expected bool, got int" }], "*": [{ description: "Expected at most 1 item, got 3" }] }],
    [is.datetime, "2024-12-31T23:59:60Z", undefined],
    [is.datetime, "2024-12-31T24:00:00Z", only("Expected datetime, got a str that is no RFC 3339 time")],
  ])("%#", (type, message, problems) => {
    expect(is.problemsOf(type, message)).toEqual(problems);
  });
});
