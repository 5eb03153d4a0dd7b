// The same cases are read by the server: tests/server/web/test_filled_as_it_is_said.py.

import { expect, test } from "vitest";
import type { FormItem } from "../domain/form";
import { valueOf } from "./typed";
import written from "./typed_cases.json";

test.each(written.cases)("$type $typed", ({ type, typed, value }) => {
  expect(valueOf(type as FormItem["type"], [typed])).toEqual(value);
});
