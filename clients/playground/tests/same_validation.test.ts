import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client, type SwillError } from "../../typescript/src/index.js";
import { missing, serve, type Server } from "../../typescript/tests/support/servers.js";
import { print } from "../src/json.ts";
import { type Handler, link, problemsOf } from "../src/type.ts";

// What the page finds wrong with a message is what the server finds wrong with it, in the same words; as far as types are described: what predicates
// and rules of a whole message do is the server's alone, and so is nil for a field that is `omittable`.

const user = {
  name: "Ada",
  age: 36,
  tags: ["a"],
  scores: { math: 1 },
  pair: [1, "x"],
  address: { street: "Main", zip: "12345" },
  password: "p",
  confirm: "p",
};

/** Handler, and a message for it. */
const messages: [string, unknown][] = [
  ["echo_int", "a"],
  ["echo_int", 1.5],
  ["echo_int", 2n ** 63n],
  ["echo_int", true],
  ["echo_int", null],
  ["echo_uint", -1],
  ["echo_float", "x"],
  ["echo_float", 3],
  ["echo_str", 1],
  ["echo_bool", 1],
  ["echo_bytes", "x"],
  ["echo_datetime", "yesterday"],
  ["echo_datetime", "2024-02-29T12:00:00Z"],
  ["echo_list", [1, "a"]],
  ["add", [1]],
  ["add", [1, "a"]],
  ["add", {}],
  ["create_user", user],
  ["create_user", null],
  ["create_user", {}],
  ["create_user", []],
  ["create_user", { ...user, name: "A", age: 150, tags: ["", "fünf1"], scores: { math: 101, art: "x" } }],
  ["create_user", { ...user, name: "0123456789", age: -1, pair: [0, 1], address: { street: "", zip: "1234" } }],
  ["create_user", { ...user, pair: [1], address: { zip: 5 }, password: 1 }],
  ["first_error", { a: 10, b: 10 }],
  ["first_error", { a: 1 }],
  ["multiple", {}],
  ["multiple", 7],
  ["multiple", { n: 7 }],
  ["limits", {}],
  ["place_order", {}],
  ["validated_list", [1, 1000, -5, "x"]],
  ["echo_optional", "x"],
  ["echo_optional", null],
  ["echo_union", {}],
  ["echo_union", 1.5],
  ["echo_union", [1]],
  ["echo_set", [1, "x", 1]],
  ["echo_dict", { a: "x", b: 1, c: null }],
  ["echo_dict", []],
  ["echo_dict_int", new Map<unknown, unknown>([[1, 2], ["x", "a"], [3, "b"]])],
  ["echo_enum", "green"],
  ["echo_enum", 1],
  ["echo_intenum", 3],
  ["echo_intenum", "low"],
  ["vec_double", [1]],
  ["vec_double", [1, "a", 3, 4]],
  ["vec_double", { x: 1 }],
  ["echo_tree", { v: 1, children: [{ v: "a" }, { children: [{}] }] }],
  ["midpoint", { a: { x: 1 }, b: { y: "z" }, label: 5 }],
  ["list_of_struct", [{ x: 1 }, {}, 5]],
  ["empty_struct", null],
  ["empty_struct", {}],
];

describe.skipIf(missing("swill-conformance"))("with the real server", () => {
  let server: Server;
  const client = new Client();
  const handlers = new Map<string, Handler>();

  beforeAll(async () => {
    server = await serve("swill-conformance");
    await client.connect(server.url);
    for await (const handler of client.stream<Handler>("swill.introspect")) {
      link(handler.request.type);
      handlers.set(handler.name, handler);
    }
  });

  afterAll(async () => {
    client.close();
    await server?.stop();
  });

  it.each(messages.map(([name, message]) => [name, print(message), message] as const))("%s %s", async (name, _text, message) => {
    const handler = handlers.get(name);
    expect(handler, `no handler ${name}`).toBeDefined();
    const { type } = handler!.request;
    const own = problemsOf(type, message);

    const answer = await client.call(name, message).then(
      () => undefined,
      (problem: SwillError) => (problem.code === 422 ? problem.data : undefined),
    );

    expect(own).toEqual(answer);
  });

  it("knows every type that this server has", () => {
    for (const { request, response } of handlers.values()) {
      for (const { type } of [request, response]) expect(() => problemsOf(type, {})).not.toThrow();
    }
  });
});
