import type { Fields, Problem } from "../../typescript/src/errors.js";

// Types as swill.introspect describes them (docs/protocol.md §8), and what breaks them, in the server's own words (§4). It is the same
// check as that of libswill/api/types/schema.cpp; tests/same_validation.test.ts holds the two together.

export interface Constraints {
  gt?: number | bigint;
  ge?: number | bigint;
  lt?: number | bigint;
  le?: number | bigint;
  multiple_of?: number | bigint;
  min_length?: number;
  max_length_exclusive?: number;
  pattern?: string;
  one_of?: (string | number | bigint)[];
  predicates?: string[];
}

export interface Type {
  type: string;
  arguments?: Record<string, Type>;
  constraints?: Constraints;
  documentation?: string;
  format?: string;
  unit?: string;
  values?: Record<string, string | number>;
  as_array?: boolean;
  strict?: boolean;
  rules?: string[];
  optional?: boolean;
  default?: unknown;
}

export interface Side {
  streams: boolean;
  type: Type;
}

/** What a server says of one handler. */
export interface Handler {
  name: string;
  request: Side;
  response: Side;
  documentation?: string;
  errors?: number[];
  idempotent?: boolean;
  endless?: boolean;
  tags?: string[];
  limits?: Record<string, number>;
  /** The same as text, as it was told. */
  text?: string;
}

/** What somebody has written that is no value at all, such as broken JSON. */
export class Unreadable {
  constructor(readonly why: string) {}
}

const PLAIN = ["bool", "int", "float", "str", "bytes", "NoneType", "datetime", "Any"];
const GENERIC = ["list", "set", "dict", "tuple", "Union"];

export const isStruct = (t: Type) => t.arguments !== undefined && !GENERIC.includes(t.type);
export const isEnumeration = (t: Type) => t.values !== undefined;
export const partsOf = (t: Type): Type[] => Object.values(t.arguments ?? {});

/** Gives each struct that is named within itself, without its fields, these fields: from here on types go round in circles. */
export function link(type: Type, around: ReadonlyMap<string, Type> = new Map()): Type {
  const struct = around.get(type.type);
  if (struct && !type.arguments) {
    for (const key of ["arguments", "rules", "as_array", "strict"] as const) Object.assign(type, { [key]: struct[key] });
    return type;
  }
  const inside = isStruct(type) ? new Map(around).set(type.type, type) : around;
  for (const part of partsOf(type)) link(part, inside);
  return type;
}

/** What the server calls a type in its problems. */
export function nameOf(t: Type): string {
  if (t.type === "NoneType") return "nil";
  if (t.type === "Union") return partsOf(t).map(nameOf).join(" | ");
  if (t.values) return Object.values(t.values).join(" | ");
  return t.type;
}

/** A type in one line, for people. */
export function titleOf(t: Type): string {
  const parts = GENERIC.includes(t.type) ? partsOf(t).map(titleOf) : [];
  if (t.type === "Union") return parts.join(" | ");
  const name = t.type === "NoneType" ? "nil" : (t.format ?? t.type);
  return (parts.length ? `${name}<${parts.join(", ")}>` : name) + (t.unit ? ` (${t.unit})` : "");
}

/** The rules of a type in a line, for people; empty where there is none. */
export function rulesOf(t: Type): string {
  const { constraints = {}, rules = [] } = t;
  const words: string[] = [];
  const say = (name: keyof Constraints, sign: string) => {
    if (constraints[name] !== undefined) words.push(`${sign} ${constraints[name]}`);
  };
  say("gt", ">");
  say("ge", "≥");
  say("lt", "<");
  say("le", "≤");
  say("multiple_of", "a multiple of");
  say("min_length", "length ≥");
  say("max_length_exclusive", "length <");
  say("pattern", "matches");
  if (constraints.one_of) words.push(`one of ${constraints.one_of.join(", ")}`);
  if (t.strict) words.push("no other fields");
  const refusals = [...(constraints.predicates ?? []), ...rules].map((text) => `else “${text}”`);
  return [...words, ...refusals].join("; ");
}

type Kind = "nil" | "bool" | "int" | "float" | "str" | "bytes" | "list" | "dict" | "datetime";

/** What a value is on the wire. */
export function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return "nil";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? "int" : "float";
  if (typeof value === "string") return "str";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Date) return "datetime";
  return Array.isArray(value) || value instanceof Set ? "list" : "dict";
}

/** How well values of that kind suit a type: 0 not at all, 1 converted, 2 exactly. */
function suits(t: Type, kind: Kind): 0 | 1 | 2 {
  const exact = (wanted: Kind) => (kind === wanted ? 2 : 0);
  if (t.values) return exact(Object.values(t.values).some((v) => typeof v === "number") ? "int" : "str");
  if (isStruct(t)) return exact(t.as_array ? "list" : "dict");
  if (t.type === "Union") return Math.max(...partsOf(t).map((part) => suits(part, kind))) as 0 | 1 | 2;
  if (t.type === "NoneType") return exact("nil");
  if (t.type === "set" || t.type === "tuple") return exact("list");
  if (t.type === "float" && kind === "int") return 1;
  if (t.type === "datetime" && kind === "str") return 1;
  return PLAIN.includes(t.type) && t.type !== "Any" ? exact(t.type as Kind) : t.arguments ? exact(t.type as Kind) : 1;
}

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

/** `whole`: it has the type. `partly`: something within has not. `wrong`: it has not. Broken rules do not count. */
type Fit = "whole" | "partly" | "wrong";

/** What is wrong with a value, as the server would say it; empty where nothing is. */
export function problemsOf(type: Type, value: unknown): Problem[] {
  const all: Problem[] = [];
  if (value === null && isStruct(type) && partsOf(type).length && partsOf(type).every((field) => field.optional)) return all;
  check(type, value, all);
  return all;
}

/** The same as the data of an ERROR 422: of a message that is no struct they stand under `*`. */
export function fieldsOf(type: Type, problems: Problem[]): Fields {
  const [only] = problems;
  return only && problems.length === 1 && isStruct(type) && !("description" in only) ? (only as Fields) : { "*": problems };
}

function check(t: Type, value: unknown, out: Problem[], more?: Constraints): Fit {
  const say = (description: string): Fit => {
    out.push({ description });
    return "wrong";
  };
  if (value instanceof Unreadable) return say(value.why);
  const kind = kindOf(value);
  const wrong = () => say(`Expected ${nameOf(t)}, got ${kind}`);
  const rules = [t.constraints, more];

  if (t.values) return checkEnumeration(t.values, value, say, wrong);
  if (isStruct(t)) return checkStruct(t, value, out, wrong);
  switch (t.type) {
    case "int":
      if (kind !== "int") return wrong();
      if (!checkBounds(t, value as number | bigint, say)) return "wrong";
      checkNumber(value as number, rules, say);
      return "whole";
    case "float":
      if (kind !== "int" && kind !== "float") return wrong();
      checkNumber(value as number, rules, say);
      return "whole";
    case "str":
      if (kind !== "str") return wrong();
      checkText(value as string, rules, say);
      return "whole";
    case "bytes":
      if (kind !== "bytes") return wrong();
      checkLength((value as Uint8Array).length, rules, say);
      return "whole";
    case "bool":
    case "NoneType":
      return suits(t, kind) ? "whole" : wrong();
    case "datetime":
      if (kind === "str" && !RFC_3339.test(value as string)) return say("Expected datetime, got a str that is no RFC 3339 time");
      return suits(t, kind) ? "whole" : wrong();
    case "list":
    case "set": {
      if (kind !== "list") return wrong();
      const items = [...(value as Iterable<unknown>)];
      const fit = checkItems(items, () => partsOf(t)[0]!, out);
      checkLength(items.length, rules, say);
      return fit;
    }
    case "tuple": {
      if (kind !== "list") return wrong();
      const items = [...(value as Iterable<unknown>)];
      const wanted = partsOf(t);
      if (items.length !== wanted.length) return say(`Expected ${count(wanted)}, got ${items.length}`);
      return checkItems(items, (i) => wanted[i]!, out);
    }
    case "dict":
      return kind === "dict" ? checkEntries(t, value as object, out, rules, say) : wrong();
    case "Union":
      return checkUnion(t, value, kind, out, wrong);
    default: // Any, and what a later server may have
      return "whole";
  }
}

const count = ({ length }: unknown[]) => `${length} item${length === 1 ? "" : "s"}`;

type Say = (description: string) => Fit;
type Rules = (Constraints | undefined)[];

function checkEnumeration(values: Record<string, string | number>, value: unknown, say: Say, wrong: () => Fit): Fit {
  const all = Object.values(values);
  if (typeof value !== typeof all[0]) return wrong();
  if (all.includes(value as string)) return "whole";
  return say(`Expected ${all.join(" | ")}, got ${typeof value === "string" ? "another str" : value}`);
}

function checkBounds(t: Type, value: number | bigint, say: Say): boolean {
  const [, sign, bits] = /^(u?)int(\d+)$/.exec(t.format ?? "int64")!;
  const least = sign ? 0n : -(2n ** (BigInt(bits!) - 1n));
  const most = 2n ** BigInt(sign ? bits! : Number(bits) - 1) - 1n;
  if (value >= least && value <= most) return true;
  say(`Expected int from ${least} to ${most}, got ${value}`);
  return false;
}

function checkNumber(value: number | bigint, all: Rules, say: Say): void {
  for (const rule of all) {
    if (!rule) continue;
    const { gt, ge, lt, le, multiple_of: unit, one_of: choice } = rule;
    if (gt !== undefined && !(value > gt)) say(`less than or equal to ${gt}`);
    if (ge !== undefined && !(value >= ge)) say(`less than ${ge}`);
    if (lt !== undefined && !(value < lt)) say(`greater than or equal to ${lt}`);
    if (le !== undefined && !(value <= le)) say(`greater than ${le}`);
    if (unit !== undefined && !isMultiple(value, unit)) say(`not a multiple of ${unit}`);
    if (choice && !choice.some((one) => one == value)) say(`Not one of: ${choice.join(", ")}`); // == compares a bigint with a number
  }
}

const isWhole = (n: number | bigint) => typeof n === "bigint" || Number.isInteger(n);

function isMultiple(value: number | bigint, unit: number | bigint): boolean {
  return isWhole(value) && isWhole(unit) ? BigInt(value) % BigInt(unit) === 0n : Number(value) % Number(unit) === 0;
}

function checkLength(length: number, all: Rules, say: Say): void {
  for (const rule of all) {
    if (rule?.min_length !== undefined && length < rule.min_length) say(`length less than ${rule.min_length}`);
    if (rule?.max_length_exclusive !== undefined && length >= rule.max_length_exclusive) {
      say(`length greater than or equal to ${rule.max_length_exclusive}`);
    }
  }
}

function checkText(text: string, all: Rules, say: Say): void {
  checkLength([...text].length, all, say);
  for (const rule of all) {
    if (rule?.pattern !== undefined && !matches(rule.pattern, text)) say(`Does not match pattern: ${rule.pattern}`);
    if (rule?.one_of && !rule.one_of.includes(text)) say(`Not one of: ${rule.one_of.join(", ")}`);
  }
}

/** Patterns are RE2's. What JavaScript does not understand is left to the server. */
function matches(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, "u").test(text);
  } catch {
    return true;
  }
}

function checkItems(items: unknown[], typeAt: (index: number) => Type, out: Problem[]): Fit {
  let fit: Fit = "whole";
  items.forEach((item, index) => {
    const errors: Problem[] = [];
    if (check(typeAt(index), item, errors) !== "whole") fit = "partly";
    if (errors.length) out.push({ index, errors });
  });
  return fit;
}

export const entriesOf = (value: object): [unknown, unknown][] => (value instanceof Map ? [...value] : Object.entries(value));

function checkEntries(t: Type, value: object, out: Problem[], rules: Rules, say: Say): Fit {
  const [ofKey, ofValue] = partsOf(t);
  const entries = entriesOf(value);
  let fit: Fit = "whole";
  for (const [key, item] of entries) {
    const errors: Problem[] = [];
    if (check(ofKey!, key, errors) !== "whole" || check(ofValue!, item, errors) !== "whole") fit = "partly";
    if (errors.length) out.push({ key, errors });
  }
  checkLength(entries.length, rules, say);
  return fit;
}

function checkUnion(t: Type, value: unknown, kind: Kind, out: Problem[], wrong: () => Fit): Fit {
  const candidates = partsOf(t).filter((part) => suits(part, kind));
  if (candidates.length === 0) return wrong();
  if (candidates.length === 1) return check(candidates[0]!, value, out, t.constraints);
  let breaksRules: Problem[] | undefined;
  for (const wanted of [2, 1]) {
    for (const part of candidates.filter((candidate) => suits(candidate, kind) === wanted)) {
      const problems: Problem[] = [];
      if (check(part, value, problems, t.constraints) !== "whole") continue;
      if (problems.length === 0) return "whole";
      breaksRules ??= problems;
    }
  }
  if (!breaksRules) return wrong();
  out.push(...breaksRules);
  return "whole";
}

function checkStruct(t: Type, value: unknown, out: Problem[], wrong: () => Fit): Fit {
  if (!suits(t, kindOf(value))) return wrong();
  const names = Object.keys(t.arguments!);
  const items = t.as_array ? [...(value as unknown[])] : [];
  const positions = names.slice(0, items.length).map((name, i) => [name, items[i]] as [unknown, unknown]);
  const given = new Map(t.as_array ? positions : entriesOf(value as object));
  const fields: Fields = {};
  const note = (field: string, problems: Problem[]) => problems.length && (fields[field] = problems);
  let fit: Fit = "whole";

  for (const [name, field] of Object.entries(t.arguments!)) {
    const item = given.get(name);
    const errors: Problem[] = [];
    if (item === undefined) {
      if (field.optional) continue;
      errors.push({ description: "Missing required field" });
      fit = "partly";
    } else if (item !== null || !field.optional || suits(field, "nil")) {
      if (check(field, item, errors) !== "whole") fit = "partly";
    }
    note(name, errors);
  }
  if (t.strict) {
    if (items.length > names.length) note("*", [{ description: `Expected at most ${count(names)}, got ${items.length}` }]);
    for (const name of given.keys()) if (!names.includes(name as string)) note(String(name), [{ description: "Unknown field" }]);
  }
  if (Object.keys(fields).length) out.push(fields);
  return fit;
}
