import { readFileSync } from "node:fs";

/** The parts of V8's format that are read here. */
interface SnapshotFile {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly [readonly string[]];
      readonly edge_fields: readonly string[];
      readonly edge_types: readonly [readonly string[]];
    };
  };
  readonly nodes: readonly number[];
  readonly edges: readonly number[];
  readonly strings: readonly string[];
}

type NodeField = "type" | "name" | "self_size" | "edge_count";

/** A heap snapshot as a graph; nodes are numbers from 0, the root. */
export class HeapSnapshot {
  readonly nodeCount: number;
  readonly #file: SnapshotFile;
  readonly #fields: number;
  readonly #at: Readonly<Record<NodeField, number>>;
  /** Where a node's edges begin; one more entry than there are nodes. */
  readonly #firstEdge: Uint32Array;

  constructor(path: string) {
    this.#file = JSON.parse(readFileSync(path, "utf8")) as SnapshotFile;
    const { node_fields: fields } = this.#file.snapshot.meta;
    const at = (field: string) => fields.indexOf(field);
    this.#fields = fields.length;
    this.#at = {
      type: at("type"),
      name: at("name"),
      self_size: at("self_size"),
      edge_count: at("edge_count"),
    };
    this.nodeCount = this.#file.nodes.length / this.#fields;
    this.#firstEdge = new Uint32Array(this.nodeCount + 1);
    for (let node = 0, edge = 0; node < this.nodeCount; node++) {
      edge += this.#field(node, "edge_count");
      this.#firstEdge[node + 1] = edge;
    }
  }

  #field(node: number, name: NodeField): number {
    return this.#file.nodes[node * this.#fields + this.#at[name]] as number;
  }

  /** Bytes of the node itself. */
  sizeOf(node: number): number {
    return this.#field(node, "self_size");
  }

  typeOf(node: number): string {
    return this.#file.snapshot.meta.node_types[0][this.#field(node, "type")] ?? "?";
  }

  /** An object's constructor, a closure's function, or what else the node is. */
  nameOf(node: number): string {
    return this.#file.strings[this.#field(node, "name")] ?? "?";
  }

  /** Nodes that this one keeps alive, some of them more than once. */
  *heldBy(node: number): Generator<number> {
    const { edges, snapshot } = this.#file;
    const { edge_fields: fields, edge_types: types } = snapshot.meta;
    const weak = types[0].indexOf("weak");
    const to = fields.indexOf("to_node");
    const end = this.#firstEdge[node + 1] as number;
    for (let edge = this.#firstEdge[node] as number; edge < end; edge++) {
      if (edges[edge * fields.length] !== weak)
        yield (edges[edge * fields.length + to] as number) / this.#fields;
    }
  }
}
