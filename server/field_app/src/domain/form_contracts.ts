// The checks of values, as the server's own sources have them (form_contracts.py). Only screens that fill in forms load this.

import type { Check } from "../contracts";
import written from "../generated/forms.json";

interface Said {
  once_code: string[]; // forms whose version 1 was a kind in code
  checks: Record<string, Check[]>;
  limits: { accuracy_m: number };
}

export const said = written as unknown as Said;

/** A form that was a kind in code takes more than it lists: kinds of places of reference data, photos that no field names. */
export function wasCode(form: { code: string }): boolean {
  return said.once_code.includes(form.code);
}
