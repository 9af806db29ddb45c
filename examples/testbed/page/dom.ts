/**
 * The element that a selector finds, of the type expected.
 *
 * @throws TypeError if the page has another one, or none
 */
export function find<E extends Element>(root: ParentNode, selector: string, type: new () => E): E {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new TypeError(`the page has no ${type.name} at ${selector}`);
  return element;
}

/** What the text field called `name` holds. */
export function textOf(form: HTMLFormElement, name: string): string {
  return find(form, `input[name="${name}"]`, HTMLInputElement).value;
}

/**
 * The whole number in the text field called `name`.
 *
 * @throws RangeError if it holds something else
 */
export function integerOf(form: HTMLFormElement, name: string): bigint {
  return parseInteger(textOf(form, name));
}

export function parseInteger(text: string): bigint {
  if (!/^\s*-?\d+\s*$/.test(text)) throw new RangeError(`${JSON.stringify(text)} is not a whole number`);
  return BigInt(text);
}
