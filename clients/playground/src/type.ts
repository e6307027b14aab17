import * as is from "../../typescript/src/check.js";
import type { Problem } from "../../typescript/src/errors.js";

// Types as swill.introspect describes them (docs/protocol.md §8), and what breaks them, in the server's own words: by the checks that generated
// clients are made of.

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

/** What somebody has written that is no value at all, such as broken JSON, or letters for a number. */
export class Unreadable {
  constructor(
    readonly why: string,
    readonly text: string,
  ) {}
}

/** The value as it may be shown or sent: what is unreadable in it, as the text that it is. */
export function asWritten(value: unknown): unknown {
  if (value instanceof Unreadable) return value.text;
  if (Array.isArray(value)) return value.map(asWritten);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [asWritten(key), asWritten(item)]));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asWritten(item)]));
}

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

const given = (...rules: (is.Rule | undefined | false)[]) => rules.filter((rule): rule is is.Rule => Boolean(rule));

/** Patterns are RE2's. What JavaScript does not understand is left to the server. */
function patternOf(text: string): is.Rule | undefined {
  try {
    return is.pattern(new RegExp(text, "u"), text);
  } catch {
    return undefined;
  }
}

function constraintsOf({ constraints: c = {} }: Type): is.Rule[] {
  return given(
    c.gt !== undefined && is.gt(c.gt),
    c.ge !== undefined && is.ge(c.ge),
    c.lt !== undefined && is.lt(c.lt),
    c.le !== undefined && is.le(c.le),
    c.multiple_of !== undefined && is.multipleOf(c.multiple_of),
    c.min_length !== undefined && is.minLength(c.min_length),
    c.max_length_exclusive !== undefined && is.lengthBelow(c.max_length_exclusive),
    c.pattern !== undefined && patternOf(c.pattern),
    c.one_of && is.oneOf(c.one_of),
  );
}

const checks = new WeakMap<object, is.Check>();

/** The check of a type. Types may go round in circles, so the fields of a struct are looked at when they are needed. */
function checkOf(t: Type): is.Check {
  let known = checks.get(t);
  if (!known) checks.set(t, (known = readable(makeCheck(t))));
  return known;
}

function makeCheck(t: Type): is.Check {
  const rules = constraintsOf(t);
  const parts = () => partsOf(t).map(checkOf);
  if (t.values) return is.enumeration(...Object.values(t.values));
  if (isStruct(t)) {
    const fields = () => Object.entries(t.arguments!).map(([name, field]): is.Field => [name, checkOf(field), !field.optional]);
    return (t.as_array ? is.arrayStruct : is.struct)(t.type, fields, t.strict);
  }
  switch (t.type) {
    case "bool": return is.bool;
    case "int": return is.int(t.format ?? "int64", ...rules);
    case "float": return is.float(...rules);
    case "str": return is.str(...rules);
    case "bytes": return is.bytes(...rules);
    case "NoneType": return is.nil;
    case "datetime": return is.datetime;
    case "list": return is.list(parts()[0]!, ...rules);
    case "set": return is.set(parts()[0]!, ...rules);
    case "dict": return is.dict(parts()[0]!, parts()[1]!, ...rules);
    case "tuple": return is.tuple(...parts());
    case "Union": return is.union(parts(), ...rules);
    default: return is.any; // and what a later server may have
  }
}

/** Says of what is no value at all why it is none. */
function readable(check: is.Check): is.Check {
  return {
    ...check,
    run(value, problems, more) {
      if (!(value instanceof Unreadable)) return check.run(value, problems, more);
      problems.push({ description: value.why });
      return "wrong";
    },
  };
}

/** What is wrong with a message, as the data of an ERROR 422 has it; undefined where nothing is. */
export const problemsOf = (t: Type, message: unknown) => is.problemsOf(checkOf(t), message);

/** The same as a list: of the type itself, not by field. */
export function listOf(t: Type, problems: ReturnType<typeof problemsOf>): Problem[] {
  if (!problems) return [];
  return isStruct(t) ? [problems] : (problems["*"] ?? []);
}

/** Whether a value could be a message of that type. */
export const fits = (t: Type, value: unknown) => problemsOf(t, value) === undefined;

export const entriesOf = (value: object): [unknown, unknown][] => (value instanceof Map ? [...value] : Object.entries(value));
