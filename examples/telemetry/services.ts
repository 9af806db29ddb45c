import { method, service, t } from "roam";

export const Shop = service("Shop", {
  order: method({ items: t.list(t.string) }, t.u32, t.enum("OrderError", { SoldOut: t.string })),
  /** News of the shop, until the reader has enough. */
  news: method({ out: t.tx(t.string, 4) }),
});

export const Stock = service("Stock", {
  take: method({ item: t.string }, t.u32, t.enum("StockError", { SoldOut: t.unit })),
});
