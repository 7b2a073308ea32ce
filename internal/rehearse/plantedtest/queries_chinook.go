package plantedtest

var chinookValues = map[string]Values{
	"track":    {Typical: `SELECT TrackId FROM Track`},
	"album":    {Typical: `SELECT AlbumId FROM Album`, Hottest: `SELECT AlbumId FROM Track GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"artist":   {Typical: `SELECT ArtistId FROM Artist`, Hottest: `SELECT ArtistId FROM Album GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"genre":    {Typical: `SELECT GenreId FROM Genre`, Hottest: `SELECT GenreId FROM Track GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"customer": {Typical: `SELECT CustomerId FROM Customer`},
	"invoice":  {Typical: `SELECT InvoiceId FROM Invoice`},
	"rep":      {Typical: `SELECT DISTINCT SupportRepId FROM Customer`, Hottest: `SELECT SupportRepId FROM Customer GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"country":  {Typical: `SELECT DISTINCT Country FROM Customer`, Hottest: `SELECT Country FROM Customer GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"title":    {Typical: `SELECT substr(Name, 2, 12) FROM Track WHERE length(Name) > 15 AND Name NOT GLOB '*[^A-Za-z ]*'`},
	"playlist": {Typical: `SELECT PlaylistId FROM PlaylistTrack GROUP BY 1`, Hottest: `SELECT PlaylistId FROM PlaylistTrack GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`},
	"offset":   {Typical: `VALUES (25), (25), (50), (50), (75), (100)`, Hottest: `SELECT count(*) - 25 FROM Track`},
}

// chinookQueries run on the sample database, whose foreign keys all have indexes and nothing else has.
var chinookQueries = []Query{
	{Name: "track-by-key", Path: `Track?TrackId=eq.<track>`},
	{Name: "album-with-tracks", Path: `Album?AlbumId=eq.<album>&select=Title,Artist(Name),Track(Name,Milliseconds)`, Trap: "hot key", Note: "an album's tracks don't grow"},
	{Name: "artist-nested", GraphQL: `query ($id: bigint!) { Artist_by_pk(ArtistId: $id) { Name Album { Title Track { Name } } } }`, Body: `{"id": "<artist>"}`},
	{Name: "invoices-of-customer", Path: `Invoice?CustomerId=eq.<customer>&select=InvoiceId,Total`, Trap: "unbounded list", Note: "each customer has seven"},
	{Name: "invoice-with-lines", Path: `Invoice?InvoiceId=eq.<invoice>&select=Total,Customer(LastName),InvoiceLine(Quantity,Track(Name))`},
	{Name: "tracks-of-genre-page", Path: `Track?GenreId=eq.<genre>&select=TrackId,Name&limit=20`, Trap: "low-cardinality index", Note: "a page of it in the key's order"},
	{Name: "genres", Path: `Genre?select=GenreId,Name`, Trap: "unbounded list", Note: "of a table that doesn't grow"},
	{Name: "employees-with-managers", Path: `Employee?select=LastName,ReportsTo_Employee(LastName)`, Trap: "self-join", Note: "of eight rows"},
	{Name: "customers-of-rep-page", Path: `Customer?SupportRepId=eq.<rep>&limit=20&select=CustomerId,Email`},
	{Name: "tracks-in-list", Path: `Track?TrackId=in.(<track>,<track>,<track>,<track>,<track>)&select=Name,Album(Title)`, Trap: "in-list"},
	{Name: "add-line", Method: "POST", Path: `InvoiceLine`, Body: `{"InvoiceId": "<invoice>", "TrackId": "<track>", "UnitPrice": 0.99, "Quantity": 1}`},
	{Name: "drop-invoice-lines", Method: "DELETE", Path: `InvoiceLine?InvoiceId=eq.<invoice>`},

	{Name: "track-search", Path: `Track?Name=ilike.*<title>*&select=TrackId,Name&order=Name&limit=20`, Trap: "leading wildcard"},
	{Name: "longest-tracks", Path: `Track?select=Name,Milliseconds&order=Milliseconds.desc&limit=20`, Trap: "sort without index"},
	{Name: "sales-by-country", Path: `Invoice?select=BillingCountry,Total.sum()`, Trap: "aggregate"},
	{Name: "customers-of-country", Path: `Customer?Country=eq.<country>&select=CustomerId,Email`, Note: "no index"},
	{Name: "tracks-of-genre-by-name", Path: `Track?GenreId=eq.<genre>&select=TrackId,Name&order=Name&limit=20`, Trap: "sort on the wrong index"},
	{Name: "tracks-counted", GraphQL: `{ Track_aggregate { aggregate { count } } Track(limit: 20, order_by: {TrackId: asc}) { Name } }`, Trap: "count=exact"},
	{Name: "genres-with-tracks", Path: `Genre?select=Name,Track(count())`, Trap: "embed", Note: "few parents, whose children grow"},
	{Name: "colleagues", GraphQL: `query ($id: bigint!) { Customer_by_pk(CustomerId: $id) { SupportRep { Customer { CustomerId } } } }`, Body: `{"id": "<customer>"}`, Trap: "self-join", Note: "all customers of the same of eight employees"},
	{Name: "tracks-by-offset", Path: `Track?select=TrackId,Name&limit=25&offset=<offset>`, Trap: "offset"},
	{Name: "tracks-of-album-or-long", Path: `Track?or=(AlbumId.eq.<album>,Milliseconds.gt.5000000)&select=TrackId`, Trap: "or"},
	{Name: "uncomposed", Path: `Track?Composer=is.null&select=count()`, Trap: "is.null"},
	{Name: "artists-all", Path: `Artist?select=ArtistId,Name`, Trap: "unbounded list"},
	{Name: "playlist-length", Path: `PlaylistTrack?PlaylistId=eq.<playlist>&select=count()`, Trap: "low-cardinality index"},
}
