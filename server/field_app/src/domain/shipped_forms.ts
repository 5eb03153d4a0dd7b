// The forms that come with the server, and the checks of values, as the server's own sources have them (form_contracts.py). Only
// screens that fill in forms load this.

import type { Check } from "../contracts";
import written from "../generated/forms.json";
import type { Form } from "./form";

interface Said {
  forms: Form[];
  checks: Record<string, Check[]>;
  limits: { accuracy_m: number };
}

export const said = written as unknown as Said;

export function shippedForm(code: string): Form | undefined {
  return said.forms.find((form) => form.code === code);
}
