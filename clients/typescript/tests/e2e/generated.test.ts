import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Stream, typed, ValidationError } from "@swill/swill";
import { queries } from "@swill/swill/query";
import { hooks } from "@swill/swill/react";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, api, checkOrder, checks, type Color, type Errors, handlers, isErrorOf, Level, type Messages } from "../generated/conformance.js";
import { swill } from "../support/cli.js";
import { missing, serve, type Server } from "../support/servers.js";

// tests/generated/ has what `swill gen ts` makes: npm run check holds it to tsc --strict and the linter, and this file to the servers.

const generated = join(import.meta.dirname, "../generated");

describe.skipIf(missing("swill", "swill-conformance", "swill-gateway"))("a generated client", () => {
  let server: Server;
  let client: Client;
  let call: Api;
  const directory = mkdtempSync(join(tmpdir(), "swill-gen-"));
  const file = (name: string) => join(directory, name);

  beforeAll(async () => {
    server = await serve("swill-conformance");
    client = new Client();
    await client.connect(server.url);
    call = api(client);
  });

  afterAll(async () => {
    client?.close();
    await server?.stop();
    rmSync(directory, { recursive: true });
  });

  it.each(["conformance", "gateway"])("is made anew whenever the server has changed: %s.ts", async (name) => {
    const other = await serve(`swill-${name}`);
    const { code, out, errors } = swill("gen", "ts", other.url, "--check", "-o", join(generated, `${name}.ts`));
    await other.stop();

    // After a change: swill-… --port 8080, and swill gen ts -o clients/typescript/tests/generated/….ts
    expect([code, out, errors]).toEqual([0, "", ""]);
  });

  it("calls: messages, optional ones, and none", async () => {
    expect(await call.add([1, 2])).toBe(3);
    expect(await call.named.handler()).toBe("named");
    expect(await call.ret_none()).toBe(null);
    expect(await call.midpoint({ a: { x: 0, y: 0 }, b: { x: 2 } })).toEqual({ x: 1, y: 0 });
    expect(await call.vec_double([1, 2])).toEqual([2, 4, 14]);
    expect(await call.echo_intenum(Level.high)).toBe(2);
    expect(await call.echo_dict_int(new Map([[1, "a"]]))).toEqual({ 1: "a" });
    const tree = await call.echo_tree({ v: 1, children: [{ v: 2 }] });
    expect(tree.children[0]!.children).toEqual([]);
  });

  it("streams: in, out and both", async () => {
    expect(await call.sum_stream([1, 2, 3])).toBe(6);
    const items: number[] = [];
    for await (const item of call.count(3)) items.push(item);
    for await (const item of call.take_two([7, 8, 9])) items.push(item);
    expect(items).toEqual([1, 2, 3, 7, 8]);
  });

  it("has types that refuse what the server would", () => {
    const wrong = () => {
      // @ts-expect-error no such field
      void call.midpoint({ a: { x: 0 }, c: { x: 1 } });
      // @ts-expect-error not both
      void call.echo_enum("green");
      // @ts-expect-error a stream is no message
      void call.sum_stream(1);
      // @ts-expect-error a Map: keys of an object are text
      void call.echo_dict_int({ 1: "a" });
      const point = call.midpoint({ a: { x: 0 }, b: { x: 1 } });
      // @ts-expect-error y is there, whoever has sent it
      point.then(({ y }) => y satisfies undefined);
    };
    const t = typed<Messages>(client);
    void (() => {
      t.call("echo_enum", "red") satisfies Promise<Color>;
      t.stream("count", 3) satisfies Stream<number>;
      t.upload("sum_stream", [1]) satisfies Promise<number>;
      void t.call("ret_none"); // nothing to send
      // @ts-expect-error no such handler
      void t.call("echo_enumm", "red");
      // @ts-expect-error no such value
      void t.call("echo_enum", "green");
      // @ts-expect-error it wants a message
      void t.call("echo_enum");
      // @ts-expect-error it streams
      void t.call("count", 3);
      // @ts-expect-error it does not
      void t.stream("echo_enum", "red");
      const { useCall, useStream } = hooks<Messages>();
      useCall("echo_enum", "red").data satisfies Color | undefined;
      useCall(false, "red");
      useStream("count", 3, { keep: 5 }).items satisfies readonly number[];
      // @ts-expect-error no such value
      useCall("echo_enum", "green");
      // @ts-expect-error it does not stream
      useStream("echo_enum", "red");
      const q = queries<Messages>(client);
      q.query("echo_enum", "red").queryFn satisfies (given: any) => Promise<Color>;
      q.mutation("echo_enum").mutationFn("red") satisfies Promise<Color>;
      q.streamed("count", 3).queryFn satisfies (given: any) => Promise<readonly number[]>;
      // @ts-expect-error no such value
      q.query("echo_enum", "green");
      // @ts-expect-error no such value
      void q.mutation("echo_enum").mutationFn("green");
      // @ts-expect-error it takes a number
      q.streamed("count", "3");
    });
    expect(wrong).toBeTypeOf("function");
  });

  it("tells errors of a handler apart by their code", async () => {
    const problem: unknown = await call.first_error({ a: 1, b: 1 }).catch((e) => e);

    expect(problem).toBeInstanceOf(ValidationError);
    expect(isErrorOf("ret_none", problem)).toBe(true);
    expect(isErrorOf("echo_any", problem)).toBe(false); // which takes anything
    if (!isErrorOf("first_error", problem)) throw problem;
    problem satisfies Errors["first_error"];
    if (problem.code === 422) expect(problem.data).toEqual({ a: [{ description: "less than 10" }] });
    expect(handlers.first_error.errors).toEqual([422]);
  });

  const user = { name: "Ada", age: 1, tags: [], scores: {}, pair: [1, "x"], address: { street: "s", zip: "12345" }, password: "p", confirm: "p" };
  const order = { id: 1, lines: [{ sku: "ABC123", qty: 1 }] };
  it.each<[keyof typeof checks, unknown]>([
    ["add", [1, 2]],
    ["add", [1, "2"]],
    ["add", [1]],
    ["add", { 0: 1, 1: 2 }],
    ["add", null],
    ["blob_len", "text"],
    ["blob_len", new Uint8Array(3)],
    ["echo_bool", 1],
    ["echo_bool", true],
    ["echo_datetime", "2024-02-29T12:30:00.5+01:00"],
    ["echo_datetime", "2023-02-29T12:30:00Z"],
    ["echo_datetime", "2024-02-29 12:30"],
    ["echo_datetime", 1700000000],
    ["echo_datetime", new Date(0)],
    ["echo_dict", { a: 1, b: "x", c: undefined }],
    ["echo_dict", [1]],
    ["echo_dict_int", { 1: "a", 2: 3 }],
    ["echo_dict_int", new Map<unknown, unknown>([[1, "a"], [2, 3], ["x", 4], [2.5, "b"]])],
    ["echo_enum", "green"],
    ["echo_enum", 1],
    ["echo_enum", "red"],
    ["echo_float", 1],
    ["echo_float", 2n ** 63n],
    ["echo_float", "1"],
    ["echo_int", "1"],
    ["echo_int", 1.5],
    ["echo_int", 2n ** 63n],
    ["echo_int", 2 ** 63],
    ["echo_int", 1e30],
    ["echo_int", -(2n ** 63n)],
    ["echo_int", Number.NaN],
    ["echo_intenum", 3],
    ["echo_intenum", "low"],
    ["echo_intenum", 2n],
    ["echo_list", [1, "a", 2.5, null, undefined]],
    ["echo_list", new Set([1])],
    ["echo_list", "abc"],
    ["echo_optional", "x"],
    ["echo_optional", undefined],
    ["echo_set", [1, 1, "x", []]],
    ["echo_set", {}],
    ["echo_str", 5],
    ["echo_str", new Uint8Array(1)],
    ["echo_tree", { v: 1, children: [{ v: "x", children: [{}] }, 5] }],
    ["echo_tree", { children: {} }],
    ["echo_uint", -1],
    ["echo_uint", 2n ** 64n - 1n],
    ["echo_union", 1.5],
    ["echo_union", ["x"]],
    ["echo_union", null],
    ["empty_struct", {}],
    ["empty_struct", { more: 1 }],
    ["empty_struct", null],
    ["first_error", {}],
    ["first_error", null],
    ["first_error", { a: 9, b: 6 }],
    ["first_error", { a: 9.5, b: 2n }],
    ["first_error", new Map([["a", 1], ["b", 1]])],
    ["limits", { gt: 10, ge: 9, lt: 10, le: 11 }],
    ["limits", { gt: 11n, ge: 10n, lt: 9n, le: 10n }],
    ["midpoint", { a: { x: 0 }, b: { x: "0", y: "1" }, label: 5 }],
    ["midpoint", { a: [0, 1], label: null }],
    ["multiple", { n: -4 }],
    ["multiple", { n: -3n }],
    ["vec_double", [1]],
    ["vec_double", [1, "2", 3, 4]],
    ["vec_double", { x: 1 }],
    ["create_user", user],
    ["create_user", { ...user, name: "🦊", age: 150, tags: ["", "four", "fives"], scores: { a: 100, b: 101 }, pair: [0, 1] }],
    ["create_user", { ...user, name: "🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊", address: { street: "", zip: "1234" } }],
    ["create_user", { name: 1, age: -1, tags: "x", scores: { a: "x" }, pair: [1], address: null }],
    ["place_order", order],
    ["place_order", { ...order, id: 0, lines: [], notes: { a: { street: "s", zip: "x" } }, coupon: "abc", weight: -0.5 }],
    ["place_order", { ...order, lines: [{ sku: "abc123" }, { qty: 0 }, 5, { sku: "ABC123", qty: 101 }], coupon: null, weight: 1000 }],
    ["place_order", { ...order, notes: { a: 1 }, coupon: 5, weight: "x" }],
    ["validated_list", [{ a: 1, b: 1 }, {}, null]],
  ])("says of %s what the server says: %o", async (handler, message) => {
    const said = await client.call(handler, message).then(
      () => undefined,
      (problem) => (problem instanceof ValidationError ? problem.fields : Promise.reject(problem)),
    );

    expect(checks[handler](message)).toEqual(said);
  });

  it("says of a form what the server will say of it, and of an item of a stream", async () => {
    const form = { ...order, lines: [{ sku: "ABC123", qty: 0 }] };
    const before = checkOrder(form);
    const after = await call.place_order(form).catch((problem: ValidationError) => problem.fields);
    expect(before).toEqual({ lines: [{ index: 0, errors: [{ qty: [{ description: "less than 1" }] }] }] });
    expect(after).toEqual(before);

    const item = { a: 10, b: 6 };
    const problem = await call.validated_stream([{ a: 10, b: 5 }, item]).catch((e: ValidationError) => e.fields);
    expect(checks.validated_stream(item)).toEqual(problem);
  });

  it("is the same from a file, and says what has changed there", async () => {
    const records = swill("introspect", "--url", server.url).out;
    writeFileSync(file("api.json"), records);
    const made = swill("gen", "ts", "--from", file("api.json"));
    expect(made.out).toBe(readFileSync(join(generated, "conformance.ts"), "utf8"));

    writeFileSync(file("api.ts"), made.out);
    writeFileSync(file("newer.json"), records.replace('"name":"add_async"', '"name":"add_later"'));
    const { code, out, errors } = swill("gen", "ts", "--from", file("newer.json"), "--check", "-o", file("api.ts"));

    expect([code, errors]).toEqual([1, `swill: ${file("api.ts")} is out of date: \`swill gen ts\` without --check makes it anew\n`]);
    expect(out).toMatch(/^--- .*\n\+\+\+ .*\n@@ -\d+,\d+ \+\d+,\d+ @@\n/);
    expect(out).toContain('\n-      return client.call("add_async", data, options);\n');
    expect(out).toContain('\n+      return client.call("add_later", data, options);\n');
    expect(swill("gen", "ts", "--from", file("newer.json"), "-o", file("api.ts")).code).toBe(0);
    expect(swill("gen", "ts", "--from", file("newer.json"), "-o", file("api.ts"), "--check").code).toBe(0);
  });

  /** The module that is made of these records, run. */
  async function moduleOf(records: unknown[]): Promise<{ text: string; made: any }> {
    writeFileSync(file("records.json"), JSON.stringify(records));
    const { code, out, errors } = swill("gen", "ts", "--from", file("records.json"));
    expect([code, errors]).toEqual([0, ""]);
    const { outputFiles } = await build({ stdin: { contents: out, loader: "ts", resolveDir: generated }, bundle: true, format: "esm", platform: "node", external: ["ws"], write: false });
    return { text: out, made: await import(`data:text/javascript,${encodeURIComponent(outputFiles[0]!.text)}`) };
  }

  it("has checks that a bundler leaves out where nobody uses them", async () => {
    const sizeOf = async (what: string) => {
      const contents = `export { ${what} } from "./gateway.js"`;
      const { outputFiles } = await build({ stdin: { contents, resolveDir: generated }, bundle: true, minify: true, format: "esm", write: false });
      return { size: outputFiles[0]!.contents.length, text: outputFiles[0]!.text };
    };
    const [functions, checked] = [await sizeOf("api"), await sizeOf("api, checkGuest")];

    expect(functions.text).toContain("greeter.hello");
    expect(functions.text).not.toContain("Missing required field");
    expect(checked.text).toContain("Missing required field");
    expect(checked.text).not.toContain("no RFC 3339 time"); // a part that no guest has
  });

  it("is made of any names and words, which stay what they are", async () => {
    const evil = "*/ } alert(1) /* \u2028\u202e`${x}\n\"";
    const struct = { type: `Pro${evil}mise`, documentation: evil, arguments: { [evil]: { type: "str", documentation: evil }, __proto__1: { type: "Date", values: { [evil]: evil } } } };
    const side = (type: unknown) => ({ streams: false, type });
    const none = { type: "NoneType" };
    const { text, made } = await moduleOf([
      { name: "a", request: side(struct), response: side(none), documentation: evil, tags: [evil] },
      { name: "a.b", request: side(none), response: side({ type: "Promise", arguments: { x: { type: "int" } } }) },
      { name: `a.${evil}`, request: side(none), response: side(none) },
      { name: "__proto__.toString", request: side(none), response: side({ type: "Promise", arguments: {} }) },
    ]);

    const calls: unknown[] = [];
    const made_api = made.api({ call: (...what: unknown[]) => calls.push(what) });
    made_api.a_({});
    made_api.a.b();
    made_api.a[evil]();
    Object.getOwnPropertyDescriptor(made_api, "__proto__")!.value.toString();
    expect(calls.map((what) => (what as unknown[])[0])).toEqual(["a", "a.b", `a.${evil}`, "__proto__.toString"]);
    expect(made.checks.a({ [evil]: 1, __proto__1: evil })).toEqual({ [evil]: [{ description: "Expected str, got int" }] });
    expect(text).not.toMatch(/[\u2028\u202e]/);
    expect(text.match(/^export (interface|type) \w+/gm)).toContain("export type Promise2");
    expect(text.match(/^export (interface|type) \w+/gm)).toContain("export interface Promise3");
  });

  it("has the server's patterns, but for those that JavaScript cannot say", async () => {
    // Each pattern of RE2 with texts that it matches, and texts that it does not.
    const patterns: [string, string[], string[]][] = [
      ["^[A-Z]{3}$", ["ABC"], ["ABCD", "ABC\n", "abc"]],
      ["a.c", ["abc", "a\rc", "a\u2028c", "a🦊c"], ["a\nc", "ac"]],
      ["(?s)^a.c$", ["a\nc"], ["ac"]],
      ["(?i)^straße$", ["STRAßE"], ["strasse"]],
      ["^[\\w-.]+@[\\w.-]+$", ["a-b.c@d-e"], ["a b@c"]],
      ["^[^]a]+$", ["bc\n"], ["]", "a"]],
      ["^[a\\]\\-[]+$", ["a]-["], ["\\"]],
      ["^[[:alpha:][:digit:]_]+$", ["aZ9_"], ["é", "-"]],
      ["^\\s\\S$", [" x", "\tx"], ["\u00a0x", "  ", "\vx"]],
      ["^[\\s,]+$", [" ,\n"], ["\u00a0"]],
      ["\\Aa{2,}b{,3}\\z", ["aab{,3}"], ["ab{,3}", "aabbb"]],
      ["^\\pL\\p{^L}\\P{Greek}$", ["é1x"], ["11x", "é1α"]],
      ["^(?P<year>[0-9]{4})-(?:0[1-9]|1[0-2])$", ["2024-12"], ["2024-13"]],
      ["^\\x41\\x{1F98A}\\Q.*\\E$", ["A🦊.*"], ["A🦊xx"]],
      ["^a/b\\-\\_]}$", ["a/b-_]}"], ["a/b"]],
      ["", ["", "x"], []],
    ];
    const unsaid = ["^\\C$", "(?U)a+", "^*a", "(?:a|(?i)b)", "[^\\S]"];
    const arguments_ = Object.fromEntries([...patterns.map(([p]) => p), ...unsaid].map((p) => [`p ${p}`, { type: "str", optional: true, constraints: { pattern: p } }]));
    const { text, made } = await moduleOf([{ name: "f", request: { streams: false, type: { type: "t", arguments: arguments_ } }, response: { streams: false, type: { type: "NoneType" } } }]);

    for (const [p, matching, others] of patterns) {
      for (const value of matching) expect([p, value, made.checkT({ [`p ${p}`]: value })]).toEqual([p, value, undefined]);
      for (const value of others) expect([p, value, made.checkT({ [`p ${p}`]: value })]).toEqual([p, value, { [`p ${p}`]: [{ description: `Does not match pattern: ${p}` }] }]);
    }
    for (const p of unsaid) expect([p, made.checkT({ [`p ${p}`]: "no" })]).toEqual([p, undefined]);
    expect(text.match(/is\.pattern\(/g)).toHaveLength(patterns.length);
  });
});
