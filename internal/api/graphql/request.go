package graphql

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// A Request is one GraphQL request: a document, which of its operations, and what its variables hold.
type Request struct {
	Query     string
	Operation string // empty where the document has only one
	Variables raw    // a JSON object; "" for none
	ReadOnly  bool   // GET, which never changes anything
	Cost      bool   // the answer's extensions should say what the request costs

	hash string // of a persisted query
}

// A Batch is what one HTTP request asks: one request, or with List several.
type Batch struct {
	Requests []*Request
	List     bool
	Modern   bool // the client takes application/graphql-response+json, whose answers have a status of their own
}

// The media types of answers (GraphQL over HTTP, "Media Types").
const (
	mediaModern = "application/graphql-response+json"
	mediaJSON   = "application/json"
)

// costHeader asks for the cost of a request, as extensions: {"cost": true} does.
const costHeader = "X-Pintail-Cost"

// Accepts says which of the two media types an answer should have: whether it is the modern one. It fails where the client
// takes neither.
func Accepts(r *api.Request) (modern bool, err error) {
	accept := r.Header("Accept")
	if accept == "" {
		return false, nil
	}
	var qModern, qJSON, qAny float64
	for one := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(strings.TrimSpace(one))
		if err != nil {
			continue
		}
		q := 1.0
		if v, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(v, 64); err != nil {
				continue
			}
		}
		switch media {
		case mediaModern:
			qModern = max(qModern, q)
		case mediaJSON:
			qJSON = max(qJSON, q)
		case "*/*", "application/*":
			qAny = max(qAny, q)
		}
	}
	switch {
	case qModern > 0 && qModern >= qJSON:
		return true, nil
	case qJSON > 0 || qAny > 0:
		return false, nil
	}
	return false, fault.New(fault.BadMediaType, "None of these media types are available: "+shortened(accept)).
		WithHint("accept %s or %s", mediaJSON, mediaModern)
}

// Parse reads a POST or GET on the endpoint. It reads the body. Errors are faults with the HTTP status of the answer.
func Parse(r *api.Request, l Limits) (*Batch, error) {
	l = l.withDefaults()
	modern, err := Accepts(r)
	if err != nil {
		return nil, err
	}
	b := &Batch{Modern: modern}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		one, err := fromURL(r.RawQuery, &l)
		if err != nil {
			return nil, err
		}
		b.Requests = []*Request{one}
	case http.MethodPost:
		if err := b.fromBody(r, &l); err != nil {
			return nil, err
		}
	default:
		f := fault.New(fault.BadMethod, "Unsupported HTTP method: "+r.Method).WithHint("POST the request as JSON, or GET it as a query string")
		f.Headers = append(f.Headers, [2]string{"Allow", "GET, POST"})
		return nil, f
	}
	asked := r.Header(costHeader)
	for _, one := range b.Requests {
		one.Cost = one.Cost || asked != "" && asked != "0" && asked != "false"
	}
	return b, nil
}

// fromURL reads query, operationName, variables and extensions of a query string.
func fromURL(query string, l *Limits) (*Request, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, fault.New(fault.BadQueryString, "the query string can't be read").WithHint("percent-encode the values of query and variables")
	}
	p := params{query: quotedRaw(values, "query"), operation: quotedRaw(values, "operationName")}
	for name, of := range map[string]*raw{"variables": &p.variables, "extensions": &p.extensions} {
		text := values.Get(name)
		if text == "" {
			continue
		}
		if *of, err = parseJSON(text, l.NestingMax); err != nil {
			return nil, err
		}
	}
	out, err := p.request(l)
	if out != nil {
		out.ReadOnly = true
	}
	return out, err
}

// fromBody reads a JSON body. No other type of body is taken: a page of another origin can send those without asking first.
func (b *Batch) fromBody(r *api.Request, l *Limits) error {
	media, params, err := mime.ParseMediaType(r.Header("Content-Type"))
	charset := strings.ToLower(params["charset"])
	if err != nil || media != mediaJSON || charset != "" && charset != "utf-8" && charset != "utf8" {
		return fault.New(fault.UnknownMedia, "the body's Content-Type must be application/json").
			WithHint("send {\"query\": …, \"variables\": …} as application/json; forms and plain text are not taken")
	}
	text, err := readBody(r)
	if err != nil {
		return err
	}
	body, err := parseJSON(text, l.NestingMax)
	if err != nil {
		return err
	}
	switch body.kind() {
	case kindObject:
		one, err := fromJSON(body, l)
		b.Requests = []*Request{one}
		return err
	case kindList:
		b.List = true
		for _, v := range body.items() {
			if len(b.Requests) == l.BatchMax {
				return fault.Newf(fault.TooMany, "a batch has at most %d requests", l.BatchMax).WithHint("send the others in further batches")
			}
			if v.kind() != kindObject {
				return badParams("each request of a batch must be an object")
			}
			one, err := fromJSON(v, l)
			if err != nil {
				return err
			}
			b.Requests = append(b.Requests, one)
		}
		if len(b.Requests) == 0 {
			return badParams("the batch is empty")
		}
		return nil
	}
	return badParams("the body must be an object, or a list of objects")
}

func readBody(r *api.Request) (string, error) {
	if r.Body == nil {
		return "", badParams("the body is empty")
	}
	var b bytes.Buffer
	if r.BodyLen > 0 && r.BodyLen <= 1<<20 {
		b.Grow(int(r.BodyLen) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r.Body); err != nil {
		if f := fault.From(err); f.Code != fault.Internal {
			return "", f
		}
		return "", fault.New(fault.BadBody, "the body could not be read to its end").WithCause(err)
	}
	return b.String(), nil
}

func badParams(what string) error {
	return fault.New(fault.BadBody, what).WithHint("send {\"query\": \"{ … }\", \"variables\": {…}, \"operationName\": \"…\"}")
}

// NewRequest makes a request of its parts. variables is a JSON object, or empty.
func NewRequest(document, operation, variables string, l Limits) (*Request, error) {
	l = l.withDefaults()
	p := params{query: raw(jsonText(document)), operation: raw(jsonText(operation))}
	if variables != "" {
		var err error
		if p.variables, err = parseJSON(variables, l.NestingMax); err != nil {
			return nil, err
		}
	}
	return p.request(&l)
}

// params are the parameters of a request, as JSON.
type params struct{ query, operation, variables, extensions raw }

func fromJSON(v raw, l *Limits) (*Request, error) {
	var p params
	for key, of := range v.members() {
		switch key {
		case "query":
			p.query = of
		case "operationName":
			p.operation = of
		case "variables":
			p.variables = of
		case "extensions":
			p.extensions = of
		}
	}
	return p.request(l)
}

// request checks the parameters' types.
func (p *params) request(l *Limits) (*Request, error) {
	given := func(v raw, name string, want kind) (bool, error) {
		switch k := v.kind(); {
		case k == kindAbsent || k == kindNull:
			return false, nil
		case k != want:
			return false, badParams("the parameter \"" + name + "\" must be " + want.said() + ", not " + k.said())
		}
		return true, nil
	}
	r := &Request{}
	ok, err := given(p.query, "query", kindString)
	if err != nil {
		return nil, err
	}
	if ok {
		r.Query = p.query.text()
	}
	if ok, err = given(p.operation, "operationName", kindString); err != nil {
		return nil, err
	} else if ok {
		r.Operation = p.operation.text()
	}
	if ok, err = given(p.variables, "variables", kindObject); err != nil {
		return nil, err
	} else if ok {
		r.Variables = p.variables
	}
	if ok, err = given(p.extensions, "extensions", kindObject); err != nil {
		return nil, err
	} else if ok {
		if err := r.extend(p.extensions); err != nil {
			return nil, err
		}
	}
	if r.Query == "" && r.hash == "" {
		return nil, badParams("the parameter \"query\" is missing")
	}
	return r, nil
}

// extend reads the extensions that mean something here; others are ignored.
func (r *Request) extend(v raw) error {
	for key, of := range v.members() {
		switch key {
		case "cost":
			r.Cost = of == "true"
		case "persistedQuery":
			if of.kind() != kindObject {
				continue
			}
			hash := of.member("sha256Hash")
			if of.member("version") != "1" || hash.kind() != kindString || !isHash(hash.text()) {
				return badParams("extensions.persistedQuery must be {\"version\": 1, \"sha256Hash\": \"64 hexadecimal digits\"}")
			}
			r.hash = strings.ToLower(hash.text())
		}
	}
	return nil
}

func isHash(s string) bool {
	return len(s) == 64 && strings.Trim(strings.ToLower(s), "0123456789abcdef") == ""
}

// quotedRaw gives a parameter of a URL as JSON.
func quotedRaw(values url.Values, name string) raw {
	if !values.Has(name) {
		return ""
	}
	return raw(jsonText(values.Get(name)))
}
