// Package rest speaks PostgREST's dialect: it reads HTTP requests into queries and writes what came back, from bytes to
// bytes. It is pure: it knows no schema, no SQL and no HTTP library.
//
// One request through it. GET /rest/v1/order?select=id,customer(name)&status=eq.open&limit=5 comes, without the prefix, to
//
//	ask, err := rest.Parse(r, o)       // ask.Query is a *query.Select; err is a fault with a status from 400 to 499
//
// The caller plans and runs ask.Query (ask.Explain instead of running, where it isn't nil; in ask.Zone) and hands over what
// it found:
//
//	response, err := ask.Answer(rest.Outcome{Body: []byte(`[{"id":1,"customer":{"name":"Ada"}}]`), Rows: 1, Total: -1})
//
// which is a 200 with Content-Range 0-0/*, Content-Location /rest/v1/order?limit=5&… and the body as it came. Every error,
// from whatever stage, becomes a response with Fault.
//
// The files follow a request: params and scan take the query string apart; selects, filter, order and page read its values;
// prefer and media read headers; body and json read what was sent; answer and problem write. parsec.go and why.go hold the
// same grammar once more, as PostgREST has it, only to say what is wrong with a text in PostgREST's own words.
package rest

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// Options are the settings that reading and answering depend on.
type Options struct {
	Prefix      string   // of every path, for the headers of answers: "/rest/v1"
	Default     string   // the PostgreSQL schema that a query.Name without one means
	Exposed     []string // PostgreSQL schemas that are served, the first one unless a request says otherwise; may be empty
	TxEnd       string   // rest.tx_end: commit (also empty), commit-allow-override, rollback, rollback-allow-override
	MaxRows     int64    // rest.max_rows: rows of each list at most; 0 means no limit
	PlanEnabled bool     // rest.plan: answer application/vnd.pgrst.plan

	Handlers Handlers
	Limits   Limits

	// Related says whether a key of a table's rows names a relation rather than a column; nil where none does.
	Related func(table query.Name, key string) (Related, bool)
}

func (o *Options) related(table query.Name, key string) (Related, bool) {
	if o.Related == nil {
		return Related{}, false
	}
	return o.Related(table, key)
}

// Kind is what a request wants.
type Kind uint8

const (
	Read     Kind = iota // GET and HEAD on a table
	Insert               // POST on a table
	Update               // PATCH
	Put                  // PUT: insert or replace the row of a whole key
	Delete               // DELETE
	Call                 // GET, HEAD and POST on /rpc/
	Describe             // OPTIONS on a table, a function or the root: see Allow
	Root                 // GET and HEAD on /: the OpenAPI document
)

// An Ask is a request that was understood: what it asks for, and everything that its answer depends on.
type Ask struct {
	Kind    Kind
	Query   query.Query // nil for Describe and Root
	Name    query.Name  // the table or function; empty for the root
	RPC     bool        // Name is a function's
	Head    bool        // HEAD: the answer has no body
	Zone    string      // time zone that timestamps are wanted in; empty is UTC
	Explain *Explain    // the plan is wanted instead of the answer; nil where it isn't

	media      media
	own        string // the database writes the answer itself, as the domain of this name; empty where it doesn't
	prefer     preferences
	profile    string // echoed in Content-Profile; empty where no profile was negotiated
	txOverride bool
	conflict   bool // on_conflict was given
	from       int64
	rawQuery   string
	prefix     string
}

// Explain says how the plan is wanted: PostgreSQL's EXPLAIN options.
type Explain struct {
	JSON                                     bool // rather than text
	Analyze, Verbose, Settings, Buffers, WAL bool
}

type explainOption struct {
	name string
	on   *bool
}

func (e *Explain) names() [5]explainOption {
	return [...]explainOption{{"analyze", &e.Analyze}, {"verbose", &e.Verbose}, {"settings", &e.Settings}, {"buffers", &e.Buffers}, {"wal", &e.WAL}}
}

// A reader holds what reading one request needs between its parts.
type reader struct {
	o      *Options
	limits Limits
	nodes  int // of all filters so far

	selected int // columns and embeds of select so far

	rows  *query.Select // the rows that come back
	where query.Expr    // a write's: which rows
	pages []embedLimit

	writes      bool
	argsAllowed bool // a value without an operator is an argument (GET on a function)
	args        []query.Arg
	logic       bool // there was an and or or for the written table
	limit       *int64
	offset      *int64
	columns     []string
	conflict    []string
}

type embedLimit struct {
	sel           *query.Select
	limit, offset *int64
}

// Parse reads a request on /{table}, /rpc/{function} or /, without o.Prefix. It reads the body. Errors are faults.
func Parse(r *api.Request, o Options) (*Ask, error) {
	a := &Ask{rawQuery: r.RawQuery, prefix: o.Prefix}
	if err := a.target(r, &o); err != nil {
		return nil, err
	}
	if headers := r.Values("Prefer"); len(headers) > 0 {
		p, err := parsePreferences(headers)
		if err != nil {
			return nil, err
		}
		a.prefer, a.Zone = p, p.timezone
	}
	a.txOverride = strings.HasSuffix(o.TxEnd, "-allow-override")
	if a.Kind == Describe {
		return a, nil
	}
	accept := r.Header("Accept")
	if a.Kind == Root {
		return a, a.acceptsOpenAPI(accept)
	}
	var buf [16]param
	p := reader{o: &o, limits: o.Limits.withDefaults(), writes: a.Kind != Read && a.Kind != Call}
	p.argsAllowed = a.Kind == Call && r.Method != "POST"
	if err := p.params(r.RawQuery, buf[:0]); err != nil {
		return nil, err
	}
	if err := p.paging(a, r); err != nil {
		return nil, err
	}
	var err error
	if a.media, a.own, err = negotiate(accept, o.PlanEnabled, p.handled(a)); err != nil {
		return nil, err
	}
	if a.media.kind == mediaPlan {
		a.Explain = &a.media.plan.o
	}
	return a, p.build(a, r)
}

// acceptsOpenAPI is the root's own negotiation.
func (a *Ask) acceptsOpenAPI(accept string) error {
	a.media = media{kind: mediaOpenAPI}
	list := accepted(accept)
	names := make([]string, len(list))
	for i, m := range list {
		if m.kind == mediaOpenAPI || m.kind == mediaJSON || m.kind == mediaAny {
			return nil
		}
		names[i] = m.mime()
	}
	return fault.New(fault.BadMediaType, "None of these media types are available: "+strings.Join(names, ", "))
}

// target reads path, method and profile: what is asked for, of which table or function.
func (a *Ask) target(r *api.Request, o *Options) error {
	segments, err := pathSegments(r, o.Prefix)
	if err != nil {
		return err
	}
	switch {
	case len(segments) == 0:
	case len(segments) == 1:
		a.Name.Name = segments[0]
	case len(segments) == 2 && segments[0] == "rpc":
		a.Name.Name, a.RPC = segments[1], true
	default:
		return fault.New(fault.BadPath, "Invalid path specified in request URL")
	}
	if err := a.schema(r, o); err != nil {
		return err
	}
	a.Head = r.Method == "HEAD"
	if r.Method == "OPTIONS" {
		a.Kind = Describe
		return nil
	}
	switch {
	case a.RPC:
		a.Kind = Call
		if r.Method != "GET" && r.Method != "HEAD" && r.Method != "POST" {
			return fault.New(fault.RPCMethod, "Cannot use the "+r.Method+" method on RPC")
		}
		return nil
	case len(segments) == 0:
		a.Kind = Root
		if r.Method == "GET" || a.Head {
			return nil
		}
	default:
		switch r.Method {
		case "GET", "HEAD":
			a.Kind = Read
			return nil
		case "POST":
			a.Kind = Insert
			return nil
		case "PATCH":
			a.Kind = Update
			return nil
		case "PUT":
			a.Kind = Put
			return nil
		case "DELETE":
			a.Kind = Delete
			return nil
		}
	}
	return fault.New(fault.BadMethod, "Unsupported HTTP method: "+r.Method)
}

// pathSegments splits the path; an encoded slash is part of its segment.
func pathSegments(r *api.Request, prefix string) ([]string, error) {
	path := r.Path
	encoded := strings.IndexByte(r.RawPath, '%') >= 0 && (strings.Contains(r.RawPath, "%2F") || strings.Contains(r.RawPath, "%2f"))
	if encoded {
		path = strings.TrimPrefix(r.RawPath, prefix)
	}
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil, nil
	}
	if strings.IndexByte(path, '/') < 0 && !encoded {
		return []string{path}, checkSegment(path)
	}
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if encoded {
			var err error
			if s, err = url.PathUnescape(s); err != nil {
				return nil, badEncoding("the path")
			}
			segments[i] = s
		}
		if err := checkSegment(s); err != nil {
			return nil, err
		}
	}
	return segments, nil
}

func checkSegment(s string) error {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return badEncoding("the path")
	}
	return nil
}

// schema reads the profile headers: which PostgreSQL schema is meant.
func (a *Ask) schema(r *api.Request, o *Options) error {
	header := "Accept-Profile"
	switch r.Method {
	case "POST", "PATCH", "PUT", "DELETE":
		header = "Content-Profile"
	}
	profile := r.Header(header)
	switch {
	case profile != "" && !slices.Contains(o.Exposed, profile):
		return fault.New(fault.UnknownProfile, "Invalid schema: "+profile).
			WithHint("%s", "Only the following schemas are exposed: "+strings.Join(o.Exposed, ", "))
	case profile != "":
		a.profile = profile
	case len(o.Exposed) == 0:
		return nil
	default:
		profile = o.Exposed[0]
		if len(o.Exposed) > 1 {
			a.profile = profile
		}
	}
	if profile != o.Default {
		a.Name.Schema = profile
	}
	return nil
}
