/** Freezes a value and all that it holds. Maps refuse to be changed too: `Object.freeze` alone would let them. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (value instanceof Map) {
    for (const [key, member] of value) {
      deepFreeze(key);
      deepFreeze(member);
    }
    const refused = { value: refuse, enumerable: false };
    Object.defineProperties(value, { set: refused, delete: refused, clear: refused });
  }
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}

function refuse(): never {
  throw new TypeError("the plan is frozen");
}
