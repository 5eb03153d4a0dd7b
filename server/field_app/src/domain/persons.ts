// One person, whatever number of records: who is counted as one. The same rule as the server's (server/rules/people.py); both
// are judged by the cases in people_cases.json.

/** For each record, given as [id, digest of the certificate], the id by which its person is counted: that of the first of the
 * person's records in the order given. `merges`: a record, and the one that it was merged into. */
export function personKeys(records: readonly (readonly [string, string])[], merges: readonly (readonly [string, string])[]): Map<string, string> {
  const nearer = new Map<string, string>();
  const first = new Map<string, string>();
  const order = new Map<string, number>();
  for (const [id, digest] of records) {
    order.set(id, order.size);
    if (!first.has(digest)) first.set(digest, id);
    nearer.set(id, first.get(digest)!);
  }
  const root = (id: string): string => (nearer.get(id) === id ? id : root(nearer.get(id)!));
  for (const [other, kept] of merges) {
    if (!nearer.has(other) || !nearer.has(kept)) continue;
    const [one, two] = [root(other), root(kept)];
    if (order.get(one)! < order.get(two)!) nearer.set(two, one);
    else nearer.set(one, two);
  }
  return new Map(records.map(([id]) => [id, root(id)]));
}
