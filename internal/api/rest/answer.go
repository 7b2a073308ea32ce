package rest

import (
	"net/textproto"
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
)

// An Outcome is what running an Ask's query gave.
type Outcome struct {
	Body     []byte // finished: an array of rows, or with Bare one value; CSV where the query asked for it; the plan for Explain
	Rows     int    // rows in Body, or that would be in it
	Total    int64  // of all pages; -1 where it wasn't counted
	Affected int64  // rows written
	Inserted int64  // of those, the ones that were not there before

	Key   []KeyValue // of the first row written, for Location
	Keyed bool       // the table has a primary key

	Bare bool // a call's: Body is one value rather than an array of rows
	Void bool // a call's: the function returns nothing

	Status  int         // set by a PostgreSQL function (response.status); 0 for none
	Headers [][2]string // set by a PostgreSQL function (response.headers)
}

// A KeyValue is one column of a primary key.
type KeyValue struct {
	Column, Value string
	Null          bool // of a view whose key isn't one
}

// Answer writes the response to a. Its error is a fault: the outcome isn't what the request allows (PGRST116, PGRST124).
func (a *Ask) Answer(o Outcome) (api.Response, error) {
	r := api.Response{Status: 200, Rows: o.Rows, Header: make([]api.Header, 0, 6)}
	if a.Explain != nil {
		r.Body = o.Body
		a.typed(&r)
		return r, nil
	}
	var err error
	switch a.Kind {
	case Read, Call:
		err = a.read(&r, o)
	default:
		err = a.write(&r, o)
	}
	if err != nil {
		return api.Response{}, err
	}
	if a.Head || r.Status == 204 {
		r.Body = nil
	}
	override(&r, o)
	return r, nil
}

// read writes the rows of a table or of a call.
func (a *Ask) read(r *api.Response, o Outcome) error {
	upper := a.from + int64(o.Rows) - 1
	rangeHeader(r, a.from, upper, o.Total)
	if a.Kind == Read {
		r.Set("Content-Location", a.location())
	}
	if applied := a.applied(false); applied != "" {
		r.Set("Preference-Applied", applied)
	}
	if o.Void {
		r.Status = 204
		return nil
	}
	body, err := a.singular(o, int64(o.Rows))
	if err != nil {
		return err
	}
	r.Body = body
	a.typed(r)
	if o.Total >= 0 {
		switch {
		case a.from > o.Total:
			refused := Fault(nil, fault.New(fault.BadRange, "Requested range not satisfiable").
				WithDetails("An offset of %d was requested, but there are only %d rows.", a.from, o.Total))
			r.Status, r.Body, r.Err, r.Rows = refused.Status, refused.Body, refused.Err, 0
			for _, h := range refused.Header {
				r.Set(h.Name, h.Value)
			}
		case int64(o.Rows) < o.Total:
			r.Status = 206
		}
	}
	return nil
}

// write answers what changed rows.
func (a *Ask) write(r *api.Response, o Outcome) error {
	total := int64(-1)
	if a.prefer.countsWrites() {
		total = o.Affected
	}
	switch a.Kind {
	case Insert:
		r.Status = 201
		if o.Inserted <= 0 && a.prefer.resolution == mergeDuplicates {
			r.Status = 200
		}
		if a.prefer.returns == returnHeaders && o.Affected == 1 && len(o.Key) > 0 {
			r.Set("Location", a.keyLocation(o.Key))
		}
		rangeHeader(r, 1, 0, total)
	case Update:
		rangeHeader(r, 0, o.Affected-1, total)
	case Delete:
		rangeHeader(r, 1, 0, total)
	case Put:
		r.Status = 200
		if o.Inserted > 0 {
			r.Status = 201
		}
	}
	if applied := a.applied(o.Keyed || a.conflict); applied != "" {
		r.Set("Preference-Applied", applied)
	}
	body, err := a.singular(o, o.Affected)
	if err != nil {
		return err
	}
	if a.prefer.returns == returnAll {
		r.Body = body
		a.typed(r)
		return nil
	}
	if a.Kind != Insert {
		r.Status = 204
	}
	return nil
}

// typed sets the headers that describe a body.
func (a *Ask) typed(r *api.Response) {
	r.Set("Content-Type", a.media.contentType())
	if a.profile != "" {
		r.Set("Content-Profile", a.profile)
	}
}

// singular takes the one row out of its array where one row is wanted, and refuses any other number.
func (a *Ask) singular(o Outcome, rows int64) ([]byte, error) {
	if a.media.kind != mediaObject {
		return o.Body, nil
	}
	if rows != 1 {
		return nil, fault.New(fault.NotSingular, "Cannot coerce the result to a single JSON object").
			WithDetails("The result contains %d rows", rows)
	}
	if n := len(o.Body); !o.Bare && n >= 2 && o.Body[0] == '[' {
		return o.Body[1 : n-1], nil
	}
	return o.Body, nil
}

// rangeHeader sets Content-Range: lower-upper/total, with * for an empty range and for a total below 0.
func rangeHeader(r *api.Response, lower, upper, total int64) {
	var buf [64]byte
	b := buf[:0]
	if total != 0 && lower <= upper {
		b = strconv.AppendInt(b, lower, 10)
		b = append(b, '-')
		b = strconv.AppendInt(b, upper, 10)
	} else {
		b = append(b, '*')
	}
	b = append(b, '/')
	if total >= 0 {
		b = strconv.AppendInt(b, total, 10)
	} else {
		b = append(b, '*')
	}
	r.Set("Content-Range", string(b))
}

// location is the canonical address of what was read: its parameters sorted, those of one name joined by a comma.
func (a *Ask) location() string {
	var buf [256]byte
	b := append(append(buf[:0], a.prefix...), '/')
	b = escape(b, a.Name.Name)
	if a.rawQuery == "" {
		return string(b)
	}
	return string(appendCanonical(b, a.rawQuery))
}

// keyLocation is the address of a new row.
func (a *Ask) keyLocation(key []KeyValue) string {
	b := append([]byte(a.prefix), '/')
	b = escape(b, a.Name.Name)
	for i, k := range key {
		sep := byte('&')
		if i == 0 {
			sep = '?'
		}
		b = append(escape(append(b, sep), k.Column), '=')
		if k.Null {
			b = append(b, "is.null"...)
		} else {
			b = escape(append(b, "eq."...), k.Value)
		}
	}
	return string(b)
}

// override lets a PostgreSQL function's own status and headers win.
func override(r *api.Response, o Outcome) {
	if o.Status != 0 {
		r.Status = o.Status
	}
	if len(o.Headers) == 0 {
		return
	}
	kept := r.Header[:0]
	for _, h := range r.Header {
		if !named(o.Headers, h.Name) {
			kept = append(kept, h)
		}
	}
	for _, h := range o.Headers {
		kept = append(kept, api.Header{Name: textproto.CanonicalMIMEHeaderKey(h[0]), Value: h[1]})
	}
	r.Header = kept
}

// Ability says what may be done with a table, or how a function is called.
type Ability struct {
	Insert, Update, Delete, Keyed bool // a table's; Keyed: it has a primary key
	Volatile                      bool // a function's: it may write, so that GET isn't allowed
}

// Allow answers OPTIONS on what a names.
func (a *Ask) Allow(f Ability) api.Response {
	allow := "OPTIONS,GET,HEAD"
	switch {
	case a.RPC && f.Volatile:
		allow = "OPTIONS,POST"
	case a.RPC:
		allow += ",POST"
	case a.Name.Name != "":
		if f.Insert {
			allow += ",POST"
		}
		if f.Insert && f.Update && f.Keyed {
			allow += ",PUT"
		}
		if f.Update {
			allow += ",PATCH"
		}
		if f.Delete {
			allow += ",DELETE"
		}
	}
	return api.Response{Status: 200, Header: []api.Header{{Name: "Allow", Value: allow}}}
}

// Document answers the root with the OpenAPI document.
func (a *Ask) Document(doc []byte) api.Response {
	r := api.Response{Status: 200, Body: doc}
	a.typed(&r)
	if a.Head {
		r.Body = nil
	}
	return r
}
