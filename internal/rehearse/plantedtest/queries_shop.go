package plantedtest

// values say how each world's places are filled.
var values = map[string]map[string]Values{
	Shop: shopValues, Bare: shopValues, Chinook: chinookValues,
}

var shopValues = map[string]Values{
	"customer":  {Typical: `SELECT id FROM customer`, Hottest: `SELECT customer_id FROM "order" GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`, Grows: true},
	"childless": {Typical: `SELECT id FROM customer EXCEPT SELECT customer_id FROM "order"`},
	"email":     {Typical: `SELECT email FROM customer`},
	"city":      {Typical: `SELECT DISTINCT city FROM customer`, Hottest: `SELECT city FROM customer GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"address":   {Typical: `SELECT '.' || id || '@' FROM customer`},
	"order":     {Typical: `SELECT id FROM "order"`},
	"moment":    {Typical: `SELECT placed_at FROM "order"`},
	"offset":    {Typical: `VALUES (20), (20), (40), (40), (60), (80), (100), (140), (180)`, Hottest: `SELECT count(*) / 20 * 20 - 20 FROM "order"`},
	"toast":     {Typical: `SELECT id FROM toast`, Hottest: `SELECT toast_id FROM order_item GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"name":      {Typical: `SELECT name FROM customer`},
	"total":     {Typical: `SELECT CAST(total AS TEXT) FROM "order"`},
	"voucher":   {Typical: `SELECT 'V' || id FROM "order"`},
}

// shopQueries run on the demo as it is.
var shopQueries = []Query{
	{Name: "order-by-key", Path: `order?id=eq.<order>`},
	{Name: "customer-by-email", Path: `customer?email=eq.<email>`},
	{Name: "orders-of-customer-page", Path: `order?customer_id=eq.<customer>&order=placed_at.desc&limit=20`, Note: "the index has both columns"},
	{Name: "order-with-items", Path: `order?id=eq.<order>&select=id,total,customer(name),items(quantity,toast(name))`},
	{Name: "newest-orders", Path: `order?select=id,total,placed_at&order=placed_at.desc&limit=20`},
	{Name: "newest-orders-nested", GraphQL: `{ order(order_by: {placed_at: desc}, limit: 10) { id customer { name } items { quantity toast { name } } } }`},
	{Name: "menu", Path: `toast?available=is.true&order=price`, Trap: "unbounded list", Note: "of a table that doesn't grow"},
	{Name: "menu-search", Path: `toast?name=ilike.*avocado*&order=name`, Trap: "leading wildcard", Note: "over a table that doesn't grow"},
	{Name: "menu-quick", Path: `toast?notes->>minutes=eq.5&select=id,name`, Trap: "JSON path", Note: "over a table that doesn't grow"},
	{Name: "toast-recipe", GraphQL: `query ($id: bigint!) { toast_by_pk(id: $id) { name recipe { grams ingredient { name allergens } } } }`, Body: `{"id": "<toast>"}`},
	{Name: "orders-in-list", Path: `order?id=in.(<order>,<order>,<order>,<order>,<order>,<order>,<order>,<order>)`, Trap: "in-list", Note: "of keys"},
	{Name: "orders-before", Path: `order?placed_at=lt.<moment>&order=placed_at.desc&limit=20`, Note: "a page by key rather than by offset"},
	{Name: "orders-without-note", Path: `order?note=is.null&order=placed_at.desc&limit=20`, Trap: "is.null", Note: "eleven in twelve have none: the newest few do"},
	{Name: "latest-order-of-customer", GraphQL: `query ($c: bigint!) { customer_by_pk(id: $c) { name orders(order_by: {placed_at: desc}, limit: 1) { id total } } }`, Body: `{"c": "<customer>"}`},
	{Name: "place-order", Method: "POST", Path: `order`, Body: `{"customer_id": "<customer>", "total": 12.5}`},
	{Name: "serve-order", Method: "PATCH", Path: `order?id=eq.<order>`, Body: `{"status": "served"}`},
	{Name: "customer-upsert", Method: "POST", Path: `customer?on_conflict=email`, Prefer: "resolution=merge-duplicates", Body: `[{"email": "<email>", "name": "Xia", "city": "Bern"}]`, Trap: "upsert"},
	{Name: "drop-order", Method: "DELETE", Path: `order?id=eq.<order>`, Trap: "delete of a parent", Note: "its items' key begins with the order"},

	{Name: "orders-by-offset", Path: `order?select=id,total&order=placed_at.desc&limit=20&offset=<offset>`, Trap: "offset"},
	{Name: "orders-counted", Path: `order?select=id&limit=20`, Prefer: "count=exact", Trap: "count=exact"},
	{Name: "orders-of-customer", Path: `order?customer_id=eq.<customer>&select=id,total,placed_at`, Trap: "hot key", Note: "a regular's orders grow with the shop's"},
	{Name: "customer-search", Path: `customer?email=ilike.*<address>*&order=id&limit=20`, Trap: "leading wildcard"},
	{Name: "customers-all", Path: `customer?select=id,name`, Trap: "unbounded list"},
	{Name: "orders-by-status", Path: `order?select=status,count(),total.sum()`, Trap: "aggregate"},
	{Name: "toast-sold", Path: `order_item?toast_id=eq.<toast>&select=quantity.sum()`, Trap: "low-cardinality index"},
	{Name: "largest-orders", Path: `order?select=id,total&order=total.desc&limit=20`, Trap: "sort without index"},
	{Name: "orders-of-customer-or-large", Path: `order?or=(customer_id.eq.<customer>,total.gt.95)&select=id`, Trap: "or"},
	{Name: "cancelled-by-total", Path: `order?status=eq.cancelled&order=total.desc&limit=20`, Trap: "sort on the wrong index"},
	{Name: "customers-of-city", Path: `customer?city=eq.<city>&select=id,name`, Note: "no index"},
	{Name: "customers-without-orders", GraphQL: `{ customer_aggregate(where: {_not: {orders: {}}}) { aggregate { count } } }`, Trap: "anti-join"},
	{Name: "orders-with", Path: `order?customer_id=eq.<customer>&limit=20&select=id,customer(orders(id))`, Trap: "self-join", Note: "all orders of the customer, for each of his orders"},
	{Name: "served-count", GraphQL: `{ order_aggregate(where: {status: {_eq: served}}) { aggregate { count sum { total } } } }`, Trap: "low-cardinality index"},
	{Name: "top-toasts", Path: `rpc/top_toasts?most=3`, Note: "a named query"},
	{Name: "toasts-with-sales", Path: `toast?select=name,items(quantity.sum())`, Trap: "embed", Note: "few parents, whose children grow"},
	{Name: "orders-since", Path: `order?placed_at=gte.<moment>&select=id,total`, Trap: "unbounded list", Note: "over an index"},
}

// bareQueries run on the demo with other indexes.
var bareQueries = []Query{
	{Name: "bare-order-by-key", Path: `order?id=eq.<order>&select=id,total,extras->voucher`},
	{Name: "bare-newest-orders", Path: `order?select=id,total,customer(name)&order=placed_at.desc&limit=20`},
	{Name: "bare-largest-orders", Path: `order?select=id,total&order=total.desc&limit=20`, Note: "an index that the demo doesn't have"},
	{Name: "bare-served-newest", Path: `order?status=eq.served&order=placed_at.desc&limit=20`, Note: "nearly all are: the index on the moment finds them at once"},
	{Name: "bare-customers-of-city-page", Path: `customer?city=eq.<city>&order=id&limit=20`},
	{Name: "bare-newest-of-toast", Path: `order_item?toast_id=eq.<toast>&order=order_id.desc&limit=20`, Trap: "filter without index", Note: "every toast is ordered often: PostgreSQL finds the newest by the key; SQLite, which can't go down and up one key, sorts all"},
	{Name: "bare-items-in-list", Path: `order_item?order_id=in.(<order>,<order>,<order>)`, Trap: "in-list"},
	{Name: "bare-place-order", Method: "POST", Path: `order`, Prefer: "return=representation", Body: `{"customer_id": "<customer>", "total": 9, "extras": {"table": 3}}`},
	{Name: "bare-note", Method: "PATCH", Path: `order?id=eq.<order>`, Body: `{"note": "<fresh>"}`},
	{Name: "bare-customer-upsert", Method: "POST", Path: `customer?on_conflict=email`, Prefer: "resolution=merge-duplicates", Body: `[{"email": "<fresh>@example.com", "name": "Xia", "city": "Bern"}]`, Trap: "upsert"},
	{Name: "bare-recipes", GraphQL: `{ toast(order_by: {id: asc}) { name recipe { grams ingredient { name } } } }`, Trap: "unbounded list", Note: "nested, of tables that don't grow"},

	{Name: "bare-orders-of-customer-page", Path: `order?customer_id=eq.<customer>&order=placed_at.desc&limit=20`, Trap: "sort on the wrong index", Note: "most customers have fewer than 20: the whole index is read"},
	{Name: "bare-customer-with-orders", Path: `customer?id=eq.<customer>&select=name,orders(id,total)`, Trap: "embed without index"},
	{Name: "bare-drop-customer", Method: "DELETE", Path: `customer?id=eq.<childless>`, Trap: "delete of a parent", Note: "its orders' key has no index"},
	{Name: "bare-voucher", Path: `order?extras->>voucher=eq.<voucher>&select=id`, Trap: "JSON path"},
	{Name: "bare-orders-in-list", Path: `order?customer_id=in.(<customer>,<customer>,<customer>)&select=id`, Trap: "in-list", Note: "of a column without index"},
	{Name: "bare-unnoted-count", Path: `order?note=is.null&select=count()`, Trap: "is.null"},
	{Name: "bare-mark-paid", Method: "PATCH", Path: `order?customer_id=eq.<customer>&status=eq.open`, Body: `{"status": "paid"}`, Note: "a write that reads all"},
	{Name: "bare-customer-prefix", Path: `customer?email=like.<fresh>*&limit=10`, Trap: "prefix search"},
	{Name: "bare-customers-of-city", GraphQL: `query ($c: String!) { customer(where: {city: {_eq: $c}}) { id name } }`, Body: `{"c": "<city>"}`, Trap: "low-cardinality index"},
	{Name: "bare-toast-sold", GraphQL: `query ($t: bigint!) { order_item_aggregate(where: {toast_id: {_eq: $t}}) { aggregate { sum { quantity } } } }`, Body: `{"t": "<toast>"}`, Trap: "aggregate"},
	{Name: "bare-or", Path: `order?or=(total.gt.95,note.eq.<fresh>)&select=id`, Trap: "or"},
}
