import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { ProtocolError } from "roam";
import type { Id } from "roam/wire";
import { ConnectionTable, type Route } from "../../src/session/connection-table.ts";

const route = (): Route => ({ onMessage() {}, fail() {} });

suite("ConnectionTable", () => {
  // r[verify session.parity]
  for (const { parity, ours, theirs } of [
    { parity: "odd", ours: [1, 3, 5], theirs: [2, 4, 2n ** 53n + 2n] },
    { parity: "even", ours: [2, 4, 6], theirs: [1, 3, 2n ** 53n + 1n] },
  ] as const) {
    test(`${parity} gives ${ours.join(", ")} and takes the other ids from the counterpart`, () => {
      const table = new ConnectionTable(parity);
      assert.deepEqual([table.allocate(), table.allocate(), table.allocate()], ours);
      for (const id of theirs) {
        table.onOpen(id);
        assert.equal(table.isUndecided(id), true);
      }
      for (const id of [0, ours[0], ours[2], 2n ** 60n + BigInt(ours[0])]) {
        assert.throws(() => table.onOpen(id), ProtocolError);
      }
    });
  }

  // r[verify connection.open]
  for (const { name, end } of [
    { name: "undecided", end: () => {} },
    { name: "open", end: (table: ConnectionTable, id: Id) => table.add(id, route()) },
    { name: "rejected", end: (table: ConnectionTable, id: Id) => table.onRejected(id) },
    {
      name: "closed here",
      end: (table: ConnectionTable, id: Id) => {
        table.add(id, route());
        table.removeClosedHere(id);
      },
    },
    { name: "closed there", end: (table: ConnectionTable, id: Id) => void table.removeClosedThere(id) },
  ]) {
    for (const id of [2, 2n ** 60n] as Id[]) {
      test(`an id that is ${name} cannot be opened again: ${id}`, () => {
        const table = new ConnectionTable("odd");
        table.onOpen(id);
        end(table, id);
        assert.equal(table.isKnown(id), true);
        assert.throws(() => table.onOpen(id), { name: "ProtocolError", rule: "connection.open" });
      });
    }
  }

  test("counts virtual connections, undecided ones included, and not the root", () => {
    const table = new ConnectionTable("odd");
    assert.equal(table.virtualCount, 0);
    table.add(0, route());
    table.onOpen(2);
    table.onOpen(4);
    table.add(table.allocate(), route());
    assert.equal(table.virtualCount, 3);
    table.add(2, route());
    assert.equal(table.virtualCount, 3);
    table.onRejected(4);
    table.removeClosedThere(2);
    table.removeClosedHere(1);
    assert.equal(table.virtualCount, 0);
  });

  test("tells who closed an id", () => {
    const table = new ConnectionTable("odd");
    for (const id of [2, 4]) {
      table.onOpen(id);
      table.add(id, route());
    }
    table.removeClosedHere(2);
    table.removeClosedThere(4);
    assert.deepEqual(
      [2, 4, 6].map((id) => [table.isOver(id), table.wasClosedThere(id)]),
      [
        [true, false],
        [true, true],
        [false, false],
      ],
    );
  });

  test("100,000 connections that came and went, each parity, take little room and time", () => {
    const table = new ConnectionTable("odd");
    for (let n = 0; n < 100_000; n++) {
      const theirs = 2 * n + 2;
      table.onOpen(theirs);
      table.removeClosedThere(theirs);
      table.removeClosedHere(table.allocate());
    }
    assert.equal(table.isOver(2), true);
    assert.equal(table.isOver(1), true);
    assert.equal(table.isOver(200_002), false);
    assert.equal(table.isOver(200_001), false);
  });
});
