package plantedtest

// The queries below were planted when the classifier was being written, and kept from it until it was: what a rehearsal makes of them
// wasn't tuned by anybody.

var shopLater = []Query{
	{Name: "newest-customers", GraphQL: `{ customer(order_by: {id: desc}, limit: 10) { name orders(order_by: {placed_at: desc}, limit: 3) { id total } } }`},
	{Name: "some-paid", Path: `order?status=eq.paid&select=id&limit=5`, Trap: "low-cardinality index", Note: "five of a rare status"},
	{Name: "vegan-menu", Path: `toast?select=name,ingredients(name)&vegan=is.true`, Trap: "many-to-many", Note: "of tables that don't grow"},
	{Name: "item-by-key", Path: `order_item?order_id=eq.<order>&line=eq.1&select=price,toast(name)`},
	{Name: "move-customer", Method: "PATCH", Path: `customer?email=eq.<email>`, Body: `{"city": "Bern"}`},
	{Name: "close-older", Method: "PATCH", Path: `order?placed_at=lt.2025-01-01&status=eq.paid`, Body: `{"status": "served"}`, Trap: "range", Note: "before the shop opened: the index finds none"},
	{Name: "customers-in-list", Path: `customer?email=in.(<email>,<email>,<email>)`, Trap: "in-list"},
	{Name: "customer-cancelled", GraphQL: `query ($c: bigint!) { customer(where: {id: {_eq: $c}, orders: {status: {_eq: cancelled}}}) { id name } }`, Body: `{"c": "<customer>"}`, Trap: "semi-join"},

	{Name: "unserved-count", Path: `order?status=neq.served&select=count()`, Trap: "aggregate"},
	{Name: "ingredients-sold", Path: `ingredient?select=name,toasts(name,items(count()))`, Trap: "many-to-many", Note: "whose grandchildren grow"},
	{Name: "customers-by-name", Path: `customer?order=name&limit=20`, Trap: "sort without index"},
	{Name: "customers-per-city", Path: `customer?select=city,count()`, Trap: "aggregate"},
	{Name: "orders-of-total", Path: `order?total=eq.<total>&select=id`},
	{Name: "big-spenders", GraphQL: `{ customer(where: {orders: {total: {_gt: "94"}}}) { id } }`, Trap: "semi-join"},
}

var bareLater = []Query{
	{Name: "bare-table", Path: `order?extras->>table=eq.7&select=id&limit=20`, Trap: "JSON path", Note: "one in forty: the first twenty are soon found"},
	{Name: "bare-over-fifty", Path: `order?total=gt.50&order=total&limit=20`},
	{Name: "bare-elsewhere", Path: `customer?select=id,name&limit=20&city=neq.Bern`},
	{Name: "bare-or-indexed", Path: `order?or=(id.eq.<order>,id.eq.<order>)&select=id,total`, Trap: "or", Note: "both sides have an index"},

	{Name: "bare-table-count", Path: `order?extras->>table=eq.7&select=count()`, Trap: "JSON path"},
	{Name: "bare-customer-named", Path: `customer?name=eq.<name>&select=id`},
	{Name: "bare-note-search", Path: `order?note=ilike.*<fresh>*&order=placed_at.desc&limit=20`, Trap: "leading wildcard"},
	{Name: "bare-orders-of-email", GraphQL: `query ($e: String!) { order_aggregate(where: {customer: {email: {_eq: $e}}}) { aggregate { count } } }`, Body: `{"e": "<email>"}`, Trap: "semi-join"},
}

var chinookLater = []Query{
	{Name: "playlists-of-track", Path: `PlaylistTrack?TrackId=eq.<track>&select=Playlist(Name)`},
	{Name: "albums-of-artist", Path: `Album?ArtistId=eq.<artist>&order=Title&limit=10`},
	{Name: "dear-tracks", Path: `Track?UnitPrice=eq.1.99&select=TrackId,Name&limit=20`, Trap: "filter without index", Note: "one in seventeen: the first twenty are soon found"},
	{Name: "add-track", Method: "POST", Path: `Track`, Body: `{"Name": "<fresh>", "AlbumId": "<album>", "MediaTypeId": 1, "GenreId": 1, "Milliseconds": 200000, "UnitPrice": 0.99}`},
	{Name: "retitle-album", Method: "PATCH", Path: `Album?AlbumId=eq.<album>`, Body: `{"Title": "<fresh>"}`},

	{Name: "invoices-since", Path: `Invoice?InvoiceDate=gte.2022-01-01&order=InvoiceDate&limit=20`, Trap: "sort without index"},
	{Name: "customer-lookup", Path: `Customer?or=(FirstName.ilike.*<fresh>*,LastName.ilike.*<fresh>*)&select=CustomerId`, Trap: "leading wildcard"},
	{Name: "genre-samples", GraphQL: `{ Genre { Name Track(limit: 3, order_by: {TrackId: asc}) { Name } } }`, Trap: "embed", Note: "SQLite's index gives a genre's tracks in the order of their key; PostgreSQL's doesn't"},
	{Name: "largest-per-customer", Path: `Invoice?select=CustomerId,Total.max()`, Trap: "aggregate"},
	{Name: "never-sold", GraphQL: `{ Track_aggregate(where: {_not: {InvoiceLine: {}}}) { aggregate { count } } }`, Trap: "anti-join"},
}
