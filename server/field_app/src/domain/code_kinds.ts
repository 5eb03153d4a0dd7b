// The kinds of records that are code and no forms: the only ones that this app names. Their screens are in ui/forms.ts.

export const WORKER = "worker";
export const READING = "temperature_check";
export const PASS = "gate_pass";
export const CASE = "case";
