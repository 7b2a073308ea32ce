package fault

import "strconv"

// PostgREST's codes (docs.postgrest.org/en/stable/references/errors.html), by the stage at which a request is refused.
const (
	ConnectionFailed   Code = "PGRST000" // the database can't be reached
	ConnectionInternal Code = "PGRST001"
	SchemaUnavailable  Code = "PGRST002"
	PoolTimeout        Code = "PGRST003" // no free connection in time

	BadQueryString     Code = "PGRST100" // the query string can't be parsed
	RPCMethod          Code = "PGRST101" // only GET, HEAD, POST on a function
	BadBody            Code = "PGRST102" // the body is invalid or absent
	BadRange           Code = "PGRST103" // the range can't be satisfied
	PutFilters         Code = "PGRST105" // PUT wants the primary key's columns, each with eq
	UnknownProfile     Code = "PGRST106" // the profile names no exposed schema
	BadMediaType       Code = "PGRST107" // none of the accepted media types can be given
	NotEmbedded        Code = "PGRST108" // a filter names a relation that is not in select
	BadResponseHeaders Code = "PGRST111"
	BadResponseStatus  Code = "PGRST112"
	PutLimit           Code = "PGRST114" // PUT with limit or offset
	PutKeyMismatch     Code = "PGRST115" // PUT's key in the URL and in the body differ
	NotSingular        Code = "PGRST116" // one row wanted, another number found
	BadMethod          Code = "PGRST117"
	RelatedOrder       Code = "PGRST118" // order by a relation that is not to-one
	RelatedNullFilter  Code = "PGRST120" // only is.null and not.is.null on an embed
	BadRaise           Code = "PGRST121"
	BadPreference      Code = "PGRST122" // handling=strict and a preference that isn't known
	AggregatesOff      Code = "PGRST123"
	MaxAffected        Code = "PGRST124" // more rows than max-affected
	BadPath            Code = "PGRST125" // no such path
	OpenAPIOff         Code = "PGRST126"
	NotSupported       Code = "PGRST127" // the feature is not supported in this combination
	MaxAffectedRPC     Code = "PGRST128"

	NoRelation        Code = "PGRST200" // no relationship between two tables
	AmbiguousRelation Code = "PGRST201"
	NoFunction        Code = "PGRST202"
	AmbiguousFunction Code = "PGRST203"
	NoColumn          Code = "PGRST204" // a column that columns= or a body names doesn't exist
	NoTable           Code = "PGRST205"
	NoSecret          Code = "PGRST300"
	BadToken          Code = "PGRST301"
	AnonymousOff      Code = "PGRST302"
	BadClaims         Code = "PGRST303"
)

// PostgreSQL's SQLSTATEs that Pintail raises itself, on either engine.
const (
	UndefinedColumn       Code = "42703"
	UndefinedTable        Code = "42P01"
	UndefinedFunction     Code = "42883"
	InvalidText           Code = "22P02" // invalid input syntax for type
	OutOfRange            Code = "22003" // numeric value out of range
	StringTooLong         Code = "22001"
	NumbersUsedUp         Code = "2200H" // sequence generator limit exceeded
	BadDatetime           Code = "22007"
	DatetimeOverflow      Code = "22008"
	BadEscape             Code = "22025"
	NullElement           Code = "22004" // a null where no null may be
	NegativeLimit         Code = "2201W"
	NegativeOffset        Code = "2201X"
	InvalidParameter      Code = "22023" // a setting's or function's value, such as a time zone
	BadRegexp             Code = "2201B"
	NotNullViolation      Code = "23502"
	ForeignKeyViolation   Code = "23503"
	UniqueViolation       Code = "23505"
	CheckViolation        Code = "23514"
	ExclusionViolation    Code = "23P01"
	CardinalityViolation  Code = "21000" // ON CONFLICT DO UPDATE command cannot affect row a second time
	GeneratedAlways       Code = "428C9"
	DatatypeMismatch      Code = "42804"
	InvalidColumnRef      Code = "42P10" // no unique constraint matching ON CONFLICT
	GroupingError         Code = "42803"
	CannotCoerce          Code = "42846"
	InsufficientPrivilege Code = "42501"
	ReadOnlyTransaction   Code = "25006"
	QueryCanceled         Code = "57014" // time limit, or the client went away
	DiskFull              Code = "53100"
	TooManyConnections    Code = "53300"
	LockNotAvailable      Code = "55P03"
	ProgramLimit          Code = "54000"
	SerializationFailure  Code = "40001"
	DeadlockDetected      Code = "40P01"
	Raised                Code = "P0001" // RAISE in a function or trigger
)

// Pintail's own.
const (
	Internal            Code = "PT500" // a bug or a broken machine; the log has the cause
	Unauthorized        Code = "PT401" // the admin secret is missing or wrong
	Forbidden           Code = "PT403" // open mode refuses this Host or Origin, or a request through a proxy
	TooLarge            Code = "PT413" // body, or decompressed body, over its limit
	URLTooLong          Code = "PT414"
	HeadersTooLarge     Code = "PT431"
	UnknownMedia        Code = "PT415" // the body's Content-Type is not one that the route reads
	RequestTimeout      Code = "PT408"
	TooManyRequests     Code = "PT429" // the client is over its rate limit; Retry-After says when to ask again
	Overloaded          Code = "PT511" // more is asked than the server can answer: this request was not begun
	AnswerTooLarge      Code = "PT507" // the answer is over its limit
	TooDeep             Code = "PT101" // embeds, filter tree or JSON nested over the limit
	TooMany             Code = "PT102" // parameters, filter nodes or in-list values over the limit
	NotOnSQLite         Code = "PT103" // a feature that the SQLite engine doesn't have yet
	BadEncoding         Code = "PT104" // not UTF-8, or a NUL
	BadDocument         Code = "PT106" // a GraphQL document, or its variables, are wrong
	TooCostly           Code = "PT107" // a GraphQL request may touch more rows than the caller may ask for
	NestedWithoutParent Code = "PT105" // a row that a nested one takes its key from did not go in
	IndexLost           Code = "PT510" // the guard holds a query back while an index that it needs is missing or damaged; Retry-After says when to ask again
	Unavailable         Code = "PT503" // the engine is away or shutting down; Retry-After says when to ask again
	SchemaMismatch      Code = "PT200" // the database doesn't have what the schema file declares
	HookRefused         Code = "PT409" // a Before hook refused the write
)

// Status is the HTTP status of a code: that of its explanation, or for other SQLSTATEs that of its class in PostgREST's
// table (Error.hs, mapSQLtoHTTP). 400 where nothing else is said.
func (c Code) Status() int {
	if e, ok := Explain(c); ok {
		return e.Status
	}
	if len(c) != 5 {
		return 400
	}
	switch c {
	case "53400", "42P17": // configuration limit exceeded, infinite recursion in a policy
		return 500
	case "57P01": // the server is being stopped
		return 503
	}
	switch c[:2] {
	case "PT": // PTxyz answers xyz (PostgREST, "Raise errors with HTTP Status Codes")
		if n, err := strconv.Atoi(string(c[2:])); err == nil && n >= 200 && n < 600 {
			return n
		}
		return 500
	case "08", "53":
		return 503
	case "0L", "0P", "28":
		return 403
	case "09", "25", "2D", "38", "39", "3B", "40", "54", "55", "57", "58", "F0", "HV", "P0", "XX":
		return 500
	}
	return 400
}
