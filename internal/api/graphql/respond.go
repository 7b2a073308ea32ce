package graphql

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"

	pg "github.com/pintail-dev/pintail/internal/value"
)

// A Result is what became of one request: an answer with the outcomes that it is made of, or an error.
type Result struct {
	Answer   *Answer
	Outcomes []Outcome
	Err      error

	Cost *Cost // for extensions, where it was asked for
}

// A Cost is how many rows a request touches: at most, before it ran, and in truth, after.
type Cost struct {
	Bound   int64 // -1 where nothing bounds it
	Rows    int64
	Refused bool // it didn't run
}

// Respond writes the answer to a batch. Its status is 200 but for a single request that failed, of a client that takes
// application/graphql-response+json.
func (b *Batch) Respond(results []Result) api.Response {
	out := api.Response{Status: http.StatusOK}
	size := 64
	for i := range results {
		for j := range results[i].Outcomes {
			size += len(results[i].Outcomes[j].Body) + 64
		}
	}
	out.Body = make([]byte, 0, size)
	if b.List {
		out.Body = append(out.Body, '[')
	}
	for i := range results {
		r := &results[i]
		if i > 0 {
			out.Body = append(out.Body, ',')
		}
		out.Body = r.append(out.Body)
		for j := range r.Outcomes {
			out.Rows += r.Outcomes[j].Rows
		}
		if r.Err == nil {
			continue
		}
		if out.Err == nil {
			out.Err = cause(r.Err)
		}
		if b.Modern && !b.List {
			out.Status = status(r.Err)
		}
	}
	if b.List {
		out.Body = append(out.Body, ']')
	}
	b.head(&out)
	return out
}

func (b *Batch) head(out *api.Response) {
	media := mediaJSON
	if b.Modern {
		media = mediaModern
	}
	out.Set("Content-Type", media+"; charset=utf-8")
	out.Set("Vary", "Accept")
}

// Refuse writes the answer to an HTTP request that is no GraphQL request: err is a fault, whose status it has.
func Refuse(r *api.Request, err error) api.Response {
	modern, _ := Accepts(r) // what it takes neither of, it gets as JSON
	f := fault.From(err)
	out := api.Response{Status: f.HTTPStatus(), Err: err}
	(&Batch{Modern: modern}).head(&out)
	for _, h := range f.Headers {
		out.Set(h[0], h[1])
	}
	if r.Method != http.MethodHead {
		result := Result{Err: ErrorAt("$", err)}
		out.Body = result.append(nil)
	}
	return out
}

// status is the HTTP status of a failed request: that of its fault, and 400 for what the document says.
func status(err error) int {
	var e *Error
	if !errors.As(err, &e) || e.Fault == nil {
		return http.StatusBadRequest
	}
	if s := e.Fault.HTTPStatus(); s >= 400 {
		return s
	}
	return http.StatusBadRequest
}

// cause is an error for the log: a fault, also where only the document is wrong.
func cause(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		return err
	}
	return fault.New(fault.BadDocument, "the GraphQL request can't be answered").WithCause(err)
}

// append writes {"data": …} or {"errors": […]}, and extensions where something stands in them.
func (r *Result) append(dst []byte) []byte {
	if r.Err != nil {
		dst = appendErrors(append(dst, `{"errors":`...), r.Err)
	} else {
		dst = r.Answer.Append(append(dst, `{"data":`...), r.Outcomes)
	}
	if c := r.Cost; c != nil {
		dst = append(dst, `,"extensions":{"cost":{"bound":`...)
		if c.Bound < 0 {
			dst = append(dst, "null"...)
		} else {
			dst = strconv.AppendInt(dst, c.Bound, 10)
		}
		dst = append(dst, `,"rows":`...)
		if c.Refused {
			dst = append(dst, "null"...)
		} else {
			dst = strconv.AppendInt(dst, c.Rows, 10)
		}
		dst = append(dst, "}}"...)
	}
	return append(dst, '}')
}

// Errors are several errors of one document.
type Errors []*Error

func (e Errors) Error() string { return e[0].Error() }

func appendErrors(dst []byte, err error) []byte {
	list, ok := err.(Errors)
	if !ok {
		list = Errors{ErrorAt("$", err)}
	}
	dst = append(dst, '[')
	for i, e := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = e.append(dst)
	}
	return append(dst, ']')
}

// pathBytesMax cuts the path of an error: a name in a document may be as long as the document.
const pathBytesMax = 1000

// append writes one error as Hasura does, with what a fault says besides.
func (e *Error) append(dst []byte) []byte {
	dst = append(dst, `{"message":`...)
	dst = pg.AppendJSONString(dst, e.Message)
	dst = append(dst, `,"extensions":{"path":`...)
	dst = pg.AppendJSONString(dst, cut(e.Path, pathBytesMax))
	dst = append(dst, `,"code":`...)
	dst = pg.AppendJSONString(dst, string(e.Code))
	if f := e.Fault; f != nil {
		for _, more := range [...]struct{ name, text string }{{"fault", string(f.Code)}, {"details", f.Details}, {"hint", f.Hint}} {
			if more.text != "" {
				dst = append(pg.AppendJSONString(append(dst, ','), more.name), ':')
				dst = pg.AppendJSONString(dst, more.text)
			}
		}
	}
	return append(dst, "}}"...)
}
