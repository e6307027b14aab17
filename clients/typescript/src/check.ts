import type { Fields, Problem } from "./errors.js";

// What a server would say of a message before it calls a handler (docs/protocol.md §4), in its own words: the parts that generated clients put
// their checks together from. It is libswill/api/types/schema.cpp once more, on values as this client encodes them.

/** What a value is on the wire, by the names that problems have for it. */
type Kind = "nil" | "bool" | "int" | "float" | "str" | "bytes" | "datetime" | "list" | "dict";

/** What a value is to a type: another one; the right one with something wrong inside; one that it can hold, which may still break rules. */
type Fit = "wrong" | "partly" | "whole";

/** How well a kind suits a type, which decides between the alternatives of a union: not, by conversion, exactly. */
type Affinity = 0 | 1 | 2;

/** A rule, and which values it is about. */
export interface Rule {
  readonly on: "number" | "text" | "size";
  readonly problem: string;
  holds(value: any): boolean;
}

/** A type that messages are checked against. */
export interface Check {
  /** As problems name it. */
  readonly name: string;
  suits(kind: Kind): Affinity;
  run(value: unknown, problems: Problem[], more?: readonly Rule[]): Fit;
  /** A struct all of whose fields may be absent: as a whole message it may be, too. */
  readonly mayBeNil?: () => boolean;
  readonly isStruct?: boolean;
}

/** A field of a struct: its name, its type, and whether it must be there. */
export type Field = readonly [name: string, type: Check, isRequired: boolean];

/** What is wrong with a message, by field, as `ValidationError.fields` has it; undefined when nothing is. */
export function problemsOf(type: Check, message: unknown): Fields | undefined {
  if (kindOf(message) === "nil" && type.mayBeNil?.()) return undefined;
  const problems: Problem[] = [];
  type.run(message, problems);
  if (problems.length === 0) return undefined;
  const [first] = problems;
  return type.isStruct && !("description" in first!) ? (first as Fields) : { "*": problems };
}

// --- rules

type Numeric = number | bigint;

const ofNumber = (problem: string, holds: (value: Numeric) => boolean): Rule => ({ on: "number", problem, holds });
const ofSize = (problem: string, holds: (size: number) => boolean): Rule => ({ on: "size", problem, holds });

// `text` is the bound as the server writes it, where JavaScript would write it otherwise: "10.0".

export const gt = (bound: Numeric, text = `${bound}`): Rule => ofNumber(`less than or equal to ${text}`, (v) => v > bound);
export const ge = (bound: Numeric, text = `${bound}`): Rule => ofNumber(`less than ${text}`, (v) => v >= bound);
export const lt = (bound: Numeric, text = `${bound}`): Rule => ofNumber(`greater than or equal to ${text}`, (v) => v < bound);
export const le = (bound: Numeric, text = `${bound}`): Rule => ofNumber(`greater than ${text}`, (v) => v <= bound);
export const multipleOf = (divisor: Numeric, text = `${divisor}`): Rule =>
  ofNumber(`not a multiple of ${text}`, (v) =>
    isInteger(v) && isInteger(divisor) && divisor != 0 ? BigInt(v) % BigInt(divisor) === 0n : Number(v) % Number(divisor) === 0,
  );
export const minLength = (least: number): Rule => ofSize(`length less than ${least}`, (size) => size >= least);
/** `end` is the first length that is too large. */
export const lengthBelow = (end: number): Rule => ofSize(`length greater than or equal to ${end}`, (size) => size < end);
/** `text` is the pattern as the server has it. */
export const pattern = (expression: RegExp, text: string): Rule => ({
  on: "text",
  problem: `Does not match pattern: ${text}`,
  holds: (value: string) => expression.test(value),
});
export const oneOf = (choices: readonly (string | Numeric)[], text = choices.join(", ")): Rule => ({
  on: typeof choices[0] === "string" ? "text" : "number",
  problem: `Not one of: ${text}`,
  holds: (value: string | Numeric) => choices.some((choice) => choice == value), // 1n is 1
});

function apply(rules: readonly Rule[], on: Rule["on"], value: unknown, problems: Problem[]): void {
  for (const rule of rules) {
    if (rule.on === on && !rule.holds(value)) problems.push({ description: rule.problem });
  }
}

// --- kinds

const isInteger = (value: Numeric): boolean => typeof value === "bigint" || Number.isInteger(value);

/** As the codec of this client decides. */
function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "undefined":
      return "nil";
    case "boolean":
      return "bool";
    case "string":
      return "str";
    case "bigint":
      return "int";
    case "number":
      return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 64 ? "int" : "float";
  }
  if (value === null) return "nil";
  if (value instanceof Date) return "datetime";
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return "bytes";
  return Array.isArray(value) || value instanceof Set ? "list" : "dict";
}

function wrong(expected: string, value: unknown, problems: Problem[]): Fit {
  problems.push({ description: `Expected ${expected}, got ${kindOf(value)}` });
  return "wrong";
}

const only =
  (kind: Kind) =>
  (other: Kind): Affinity =>
    kind === other ? 2 : 0;

// --- types of one value

function plain(name: string, kind: Kind): Check {
  const run = (value: unknown, problems: Problem[]): Fit => (kindOf(value) === kind ? "whole" : wrong(name, value, problems));
  return { name, suits: only(kind), run };
}

export const bool: Check = /* @__PURE__ */ plain("bool", "bool");
export const nil: Check = /* @__PURE__ */ plain("nil", "nil");
/** What is not looked at. */
export const any: Check = { name: "any", suits: () => 1, run: () => "whole" };

/** `format` is "int8" … "uint64". */
export function int(format: string, ...rules: readonly Rule[]): Check {
  const isSigned = format.startsWith("i");
  const size = 2n ** BigInt(Number(format.replace(/^\D+/, "")) - (isSigned ? 1 : 0));
  const [least, most] = [isSigned ? -size : 0n, size - 1n];
  return {
    name: "int",
    suits: only("int"),
    run(value, problems, more = []) {
      if (kindOf(value) !== "int") return wrong("int", value, problems);
      const number = value as Numeric;
      if (number < least || number > most) {
        problems.push({ description: `Expected int from ${least} to ${most}, got ${BigInt(number)}` });
        return "wrong";
      }
      apply([...more, ...rules], "number", number, problems);
      return "whole";
    },
  };
}

export function float(...rules: readonly Rule[]): Check {
  return {
    name: "float",
    suits: (kind) => (kind === "float" ? 2 : kind === "int" ? 1 : 0),
    run(value, problems, more = []) {
      if (!this.suits(kindOf(value))) return wrong("float", value, problems);
      apply([...more, ...rules], "number", Number(value), problems);
      return "whole";
    },
  };
}

export function str(...rules: readonly Rule[]): Check {
  return {
    name: "str",
    suits: only("str"),
    run(value, problems, more = []) {
      if (typeof value !== "string") return wrong("str", value, problems);
      for (const rule of [...more, ...rules]) apply([rule], rule.on, rule.on === "size" ? [...value].length : value, problems);
      return "whole";
    },
  };
}

export function bytes(...rules: readonly Rule[]): Check {
  return {
    name: "bytes",
    suits: only("bytes"),
    run(value, problems, more = []) {
      if (kindOf(value) !== "bytes") return wrong("bytes", value, problems);
      apply([...more, ...rules], "size", (value as Uint8Array).byteLength, problems);
      return "whole";
    },
  };
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

function isTime(text: string): boolean {
  const [, year, month, day] = RFC_3339.exec(text) ?? [];
  if (!day) return false;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

export const datetime: Check = {
  name: "datetime",
  suits: (kind) => (kind === "datetime" ? 2 : kind === "str" ? 1 : 0),
  run(value, problems) {
    if (value instanceof Date || (typeof value === "string" && isTime(value))) return "whole";
    if (typeof value !== "string") return wrong("datetime", value, problems);
    problems.push({ description: "Expected datetime, got a str that is no RFC 3339 time" });
    return "wrong";
  },
};

/** An enumeration, by what travels: its names, or its numbers. */
export function enumeration(...choices: readonly (string | Numeric)[]): Check {
  const name = choices.join(" | ");
  const kind = typeof choices[0] === "string" ? "str" : "int";
  return {
    name,
    suits: only(kind),
    run(value, problems) {
      if (kindOf(value) !== kind) return wrong(name, value, problems);
      if (choices.some((choice) => choice == value)) return "whole";
      problems.push({ description: `Expected ${name}, got ${kind === "str" ? "another str" : value}` });
      return "wrong";
    },
  };
}

// --- containers

/** Those of an item, said to be at its index. Returns whether they are as they should be. */
function runAt(type: Check, item: unknown, index: number, problems: Problem[]): boolean {
  const errors: Problem[] = [];
  const fit = type.run(item, errors);
  if (errors.length > 0) problems.push({ index, errors });
  return fit === "whole";
}

const itemsOf = (value: unknown): unknown[] => [...(value as Iterable<unknown>)];

function sequence(name: string, item: Check, rules: readonly Rule[], sizeOf: (whole: unknown[], all: unknown[]) => number): Check {
  return {
    name,
    suits: only("list"),
    run(value, problems, more = []) {
      if (kindOf(value) !== "list") return wrong(name, value, problems);
      const items = itemsOf(value);
      const whole = items.filter((each, i) => runAt(item, each, i, problems));
      apply([...more, ...rules], "size", sizeOf(whole, items), problems);
      return whole.length === items.length ? "whole" : "partly";
    },
  };
}

export const list = (item: Check, ...rules: readonly Rule[]): Check => sequence("list", item, rules, (_, all) => all.length);

/** What is there twice counts once. Lists, maps and times all count as different. */
export const set = (item: Check, ...rules: readonly Rule[]): Check =>
  sequence("set", item, rules, (whole) => new Set(whole.map((each) => (Number.isInteger(each) ? BigInt(each as number) : each))).size);

export function tuple(...items: readonly Check[]): Check {
  return {
    name: "tuple",
    suits: only("list"),
    run(value, problems) {
      if (kindOf(value) !== "list") return wrong("tuple", value, problems);
      const all = itemsOf(value);
      if (all.length !== items.length) {
        problems.push({ description: `Expected ${items.length} ${items.length === 1 ? "item" : "items"}, got ${all.length}` });
        return "wrong";
      }
      const whole = items.filter((type, i) => runAt(type, all[i], i, problems));
      return whole.length === items.length ? "whole" : "partly";
    },
  };
}

/** The entries that are sent. */
function entriesOf(value: unknown): [unknown, unknown][] {
  return value instanceof Map ? [...value] : Object.entries(value as object).filter(([, item]) => item !== undefined);
}

export function dict(key: Check, item: Check, ...rules: readonly Rule[]): Check {
  return {
    name: "dict",
    suits: only("dict"),
    run(value, problems, more = []) {
      if (kindOf(value) !== "dict") return wrong("dict", value, problems);
      let size = 0;
      let isWhole = true;
      const runUnder = (type: Check, name: unknown, part: unknown): boolean => {
        const errors: Problem[] = [];
        const fit = type.run(part, errors);
        if (errors.length > 0) problems.push({ key: name, errors });
        if (fit !== "whole") isWhole = false;
        return fit === "whole";
      };
      for (const [name, part] of entriesOf(value)) {
        if (!runUnder(key, name, name)) continue; // what has no key is not looked at
        size++;
        runUnder(item, name, part);
      }
      apply([...more, ...rules], "size", size, problems);
      return isWhole ? "whole" : "partly";
    },
  };
}

/** One of several types: the one that the kind of the value suits best, and of several the first whose rules hold. */
export function union(alternatives: readonly Check[], ...rules: readonly Rule[]): Check {
  const name = alternatives.map((each) => each.name).join(" | ");
  const suits = (kind: Kind) => Math.max(...alternatives.map((each) => each.suits(kind))) as Affinity;
  return {
    name,
    suits,
    run(value, problems, more = []) {
      const kind = kindOf(value);
      const all = [...more, ...rules];
      const candidates = alternatives.filter((each) => each.suits(kind)).sort((a, b) => b.suits(kind) - a.suits(kind));
      if (candidates.length === 1) return candidates[0]!.run(value, problems, all);
      let breaksRules: Problem[] | undefined;
      for (const candidate of candidates) {
        const errors: Problem[] = [];
        if (candidate.run(value, errors, all) !== "whole") continue;
        if (errors.length === 0) return "whole";
        breaksRules ??= errors;
      }
      if (!breaksRules) return wrong(name, value, problems);
      problems.push(...breaksRules);
      return "whole";
    },
  };
}

export const optional = (type: Check, ...rules: readonly Rule[]): Check => union([type, nil], ...rules);

// --- structs

/** Problems of fields, which are one problem of the struct. */
class FieldProblems {
  readonly all: Fields = {};
  isWhole = true;

  add(name: string, errors: Problem[]): void {
    if (errors.length > 0) this.all[name] = [...(this.all[name] ?? []), ...errors];
  }

  run([name, type, isRequired]: Field, value: unknown): void {
    if (!isRequired && kindOf(value) === "nil" && !type.suits("nil")) return; // that it has its default
    const errors: Problem[] = [];
    if (type.run(value, errors) !== "whole") this.isWhole = false;
    this.add(name, errors);
  }

  miss([name, , isRequired]: Field): void {
    if (!isRequired) return;
    this.isWhole = false;
    this.add(name, [{ description: "Missing required field" }]);
  }

  end(problems: Problem[]): Fit {
    if (Object.keys(this.all).length > 0) problems.push(this.all);
    return this.isWhole ? "whole" : "partly";
  }
}

/** Structs may hold themselves, so their fields are asked for when they are needed. */
function anyStruct(name: string, kind: Kind, fieldsOf: () => readonly Field[], check: (value: unknown, fields: readonly Field[], to: FieldProblems) => void): Check {
  return {
    name,
    isStruct: true,
    suits: only(kind),
    mayBeNil: () => fieldsOf().length > 0 && fieldsOf().every(([, , isRequired]) => !isRequired),
    run(value, problems) {
      if (kindOf(value) !== kind) return wrong(name, value, problems);
      const found = new FieldProblems();
      check(value, fieldsOf(), found);
      return found.end(problems);
    },
  };
}

/** A struct that travels as a map. A strict one takes no fields that it does not know. */
export function struct(name: string, fieldsOf: () => readonly Field[], isStrict = false): Check {
  return anyStruct(name, "dict", fieldsOf, (value, fields, found) => {
    const entries = new Map(entriesOf(value));
    for (const field of fields) {
      if (entries.has(field[0])) found.run(field, entries.get(field[0]));
      else found.miss(field);
      entries.delete(field[0]);
    }
    if (isStrict) for (const unknown of entries.keys()) found.add(String(unknown), [{ description: "Unknown field" }]);
  });
}

/** A struct that travels as an array of the values of its fields. */
export function arrayStruct(name: string, fieldsOf: () => readonly Field[], isStrict = false): Check {
  return anyStruct(name, "list", fieldsOf, (value, fields, found) => {
    const items = itemsOf(value);
    fields.forEach((field, i) => (i < items.length ? found.run(field, items[i]) : found.miss(field)));
    if (isStrict && items.length > fields.length) {
      const most = `${fields.length} ${fields.length === 1 ? "item" : "items"}`;
      found.add("*", [{ description: `Expected at most ${most}, got ${items.length}` }]);
    }
  });
}
