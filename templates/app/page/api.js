// Made by `swill gen js` of what a server says about itself (docs/typescript.md). To change it, make it anew.
import {
  SwillError,
} from "@swill/swill";
import * as is from "@swill/swill/check";

/** The handlers of the server that `client` is connected to, by the parts of their names. */
export function api(client) {
  return {
    @KEY@: {
      /** Greets somebody, and tells everybody. */
      greet(data, options) {
        return client.call("@NAME@.greet", data, options);
      },
      visits(data, options) {
        return client.call("@NAME@.visits", data, options);
      },
    },
  };
}

/** What is known of each handler beside its types: what streams, hints for retries and time-outs, the errors it answers with. */
export const handlers = {
  "@NAME@.greet": { shape: "unary", errors: [422] },
  "@NAME@.visits": { shape: "unary", errors: [422] },
};

/** Whether a call of that handler has failed with one of its errors: `code` then says which, and with it what `data` is. */
export function isErrorOf(handler, problem) {
  const codes = handlers[handler].errors;
  return problem instanceof SwillError && codes.includes(problem.code);
}

const personType = /* @__PURE__ */ is.struct("person", () => [
  ["name", is.str(is.minLength(1), is.lengthBelow(64)), true],
]);
/** What the server would refuse in it, by field, in the server's words; undefined: nothing that it has told of. */
export const checkPerson = (message) => is.problemsOf(personType, message);

/** The same by handler, of its message or of each item of its stream. */
export const checks = {
  "@NAME@.greet": checkPerson,
  "@NAME@.visits": checkPerson,
};
