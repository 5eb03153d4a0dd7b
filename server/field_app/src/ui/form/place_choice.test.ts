// What a form says of the place that a person chose, and which places a body is about.

import { describe, expect, it } from "vitest";
import type { Form, FormItem } from "../../domain/form";
import type { Item } from "../../store/view";
import { distinguished, isAbout, isNamed, named, offeredPlaces, placeItem } from "./place_choice";

const KIND: FormItem = { type: "select_one", name: "place", label: "场所", list: "place", role: "place", required: true };
const NAME: FormItem = { type: "text", name: "place_name", label: "场所名称", max: 50 };
const ID: FormItem = { type: "select_one_from_file", name: "place_id", label: "池塘", file: "places", kinds: ["pond"] };
const CANTEEN = { kind: "canteen", name: "工人食堂" };
const DORMITORIES = [{ kind: "dormitory", name: "一号宿舍" }, { kind: "dormitory", name: "二号宿舍" }];
const POND = { kind: "pond", name: "一号塘", id: "p1" };
const SITE = { body: { places: [CANTEEN, ...DORMITORIES, POND] } } as unknown as Item;

function form(...items: FormItem[]): Form {
  const lists = { place: [{ name: "canteen", label: "食堂" }, { name: "dormitory", label: "宿舍" }] };
  return { code: "x", version: 1, title: "x", nature: "fact", source: "x", from: "2021-12-01", site_kinds: [], writers: [], items, lists };
}

describe("a place in a form", () => {
  it("is one of the kinds that the form lists, or one that has an id", () => {
    expect(offeredPlaces(form(KIND, NAME), SITE)).toEqual([CANTEEN, ...DORMITORIES]);
    expect(offeredPlaces(form(ID), SITE)).toEqual([POND]);
    expect(offeredPlaces(form(NAME), SITE)).toEqual([]);
  });

  it("is said by kind and name, with its id where it has one, or by its id alone", () => {
    expect(named(form(KIND, NAME), CANTEEN)).toEqual({ place: "canteen", place_name: "工人食堂", place_id: null });
    expect(named(form(KIND), { ...CANTEEN, id: "c1" })).toEqual({ place: "canteen", place_id: "c1" });
    expect(named(form(ID), POND)).toEqual({ place_id: "p1" });
    expect(named(form(KIND, NAME), null)).toEqual({ place: null, place_name: null, place_id: null });
    expect([isNamed(form(KIND, NAME), NAME), isNamed(form(NAME), NAME)]).toEqual([true, false]);
  });

  it("is what a body is about: by id where both have one, else by kind and name", () => {
    const both = form(KIND, NAME);
    expect(DORMITORIES.map((one) => isAbout(both, { place: "dormitory", place_name: "二号宿舍" }, one))).toEqual([false, true]);
    expect(DORMITORIES.map((one) => isAbout(both, { place: "dormitory" }, one))).toEqual([true, true]);
    expect(isAbout(both, { place: "dormitory", place_id: "d2" }, { ...DORMITORIES[0]!, id: "d1" })).toBe(false);
    expect(isAbout(form(ID), { place_id: "p1" }, POND)).toBe(true);
  });

  it("is only a kind where the body could not say which of several it is", () => {
    expect(distinguished(form(KIND), KIND, [CANTEEN, ...DORMITORIES])).toEqual([CANTEEN, { kind: "dormitory", name: "宿舍" }]);
    expect(distinguished(form(KIND, NAME), KIND, DORMITORIES)).toEqual(DORMITORIES);
    const known = DORMITORIES.map((one, i) => ({ ...one, id: `d${i}` }));
    expect(distinguished(form(KIND), KIND, known)).toEqual(known);
  });

  it("is asked by the item called so, whether duties go by it or not", () => {
    const { role: _, ...mentioned } = KIND;
    expect(placeItem(form(mentioned))).toEqual(mentioned);
  });
});
