package rest

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pintail-dev/pintail/fault"
	"github.com/pintail-dev/pintail/internal/api"
	"github.com/pintail-dev/pintail/query"
)

// readBody reads all of a request's body. Its size is the front's to limit; what the front says of it passes through.
func readBody(r *api.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	var b bytes.Buffer
	if r.BodyLen > 0 && r.BodyLen <= 1<<20 {
		b.Grow(int(r.BodyLen) + bytes.MinRead)
	}
	if _, err := b.ReadFrom(r.Body); err != nil {
		if f := fault.From(err); f.Code != fault.Internal {
			return nil, f
		}
		return nil, fault.New(fault.BadBody, "the body could not be read to its end").WithCause(err)
	}
	return b.Bytes(), nil
}

// contentType is the media type of the body; JSON where none is given.
func contentType(r *api.Request) media {
	header := r.Header("Content-Type")
	if header == "" || header == "application/json" {
		return media{}
	}
	return parseMedia(header)
}

// rows are the body of a write as one JSON array of objects, and the columns that they set.
type rows struct {
	columns []string
	json    string
	first   string // the first object, for an update; empty for none
}

// parseRows reads the body of a write on a table. columns is what the parameter of that name says; nil for none.
func (p *reader) parseRows(kind media, body []byte, columns []string) (rows, error) {
	switch kind.kind {
	case mediaJSON:
		return p.jsonRows(body, columns)
	case mediaCSV:
		text, err := csvToJSON(body)
		if err != nil {
			return rows{}, err
		}
		return p.jsonRows(text, nil)
	case mediaForm:
		text, err := formToJSON(body, p.limits.ParamsMax)
		if err != nil {
			return rows{}, err
		}
		return p.jsonRows(text, nil)
	}
	return rows{}, badContentType(kind)
}

func badContentType(kind media) *fault.Fault {
	return fault.New(fault.BadBody, "Content-Type not acceptable: "+kind.mime())
}

func (p *reader) jsonRows(body []byte, columns []string) (rows, error) {
	load, err := parsePayload(body, p.limits.NestingMax)
	if err != nil {
		return rows{}, err
	}
	switch {
	case load.kind == jsonScalar:
		return rows{json: "[]"}, nil // so does PostgREST
	case load.others, columns == nil && !load.uniform:
		return rows{}, fault.New(fault.BadBody, "All object keys must match")
	}
	if columns == nil {
		columns = load.keys
	}
	r := rows{columns: columns, first: string(load.first)}
	if load.kind == jsonObject {
		r.json = "[" + r.first + "]"
	} else {
		r.json = string(bytes.TrimSpace(body))
	}
	return r, nil
}

// csvToJSON makes objects of a CSV body with a head line. NULL is null, everything else a string.
func csvToJSON(body []byte) ([]byte, error) {
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return nil, badEncoding("the body")
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return nil, fault.New(fault.BadBody, "Empty or invalid csv").WithCause(err)
	}
	names := slices.Clone(head)
	out := []byte{'['}
	for {
		record, err := r.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fault.New(fault.BadBody, "Empty or invalid csv").WithCause(err)
		}
		if len(record) != len(names) {
			return nil, fault.New(fault.BadBody, "All lines must have same number of fields")
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, '{')
		for i, value := range record {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(appendJSON(out, names[i]), ':')
			if value == "NULL" {
				out = append(out, "null"...)
			} else {
				out = appendJSON(out, value)
			}
		}
		out = append(out, '}')
	}
	return append(out, ']'), nil
}

// formParams splits an application/x-www-form-urlencoded body.
func formParams(body []byte, paramsMax int) ([]query.Arg, error) {
	var args []query.Arg
	for pair := range strings.SplitSeq(string(body), "&") {
		if pair == "" {
			continue
		}
		if len(args) == paramsMax {
			return nil, fault.Newf(fault.TooMany, "the form has more than %d fields", paramsMax)
		}
		key, value, _ := strings.Cut(pair, "=")
		key, okKey := unescape(key)
		value, okValue := unescape(value)
		if !okKey || !okValue {
			return nil, badEncoding("the body")
		}
		args = append(args, query.Arg{Name: key, Value: query.Text(value)})
	}
	return args, nil
}

// formToJSON makes one object of strings of a form; of a repeated field the last value holds.
func formToJSON(body []byte, paramsMax int) ([]byte, error) {
	args, err := formParams(body, paramsMax)
	if err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for i, a := range args {
		if slices.ContainsFunc(args[i+1:], func(b query.Arg) bool { return b.Name == a.Name }) {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(appendJSON(out, a.Name), ':')
		out = appendJSON(out, a.Value.Text)
	}
	return append(out, '}'), nil
}

// parseCall reads the body of a POST on a function into the call.
func (p *reader) parseCall(call *query.Call, kind media, body []byte, columns []string) error {
	switch kind.kind {
	case mediaJSON, mediaCSV:
		if kind.kind == mediaCSV {
			text, err := csvToJSON(body)
			if err != nil {
				return err
			}
			body, columns = text, nil
		}
		if len(body) == 0 {
			body = []byte("{}")
		}
		load, err := parsePayload(body, p.limits.NestingMax)
		if err != nil {
			return err
		}
		if columns == nil {
			if load.others || !load.uniform {
				return fault.New(fault.BadBody, "All object keys must match")
			}
			columns = load.keys
		}
		if columns == nil {
			columns = []string{}
		}
		call.BodyType, call.Columns, call.Array = "application/json", columns, load.kind == jsonArray
	case mediaForm:
		args, err := formParams(body, p.limits.ParamsMax)
		call.Args, call.BodyType = args, "application/x-www-form-urlencoded"
		return err
	case mediaText, mediaXML:
		if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
			return badEncoding("the body")
		}
		call.BodyType = kind.mime()
	case mediaOctets:
		call.BodyType = kind.mime()
	default:
		return badContentType(kind)
	}
	value := query.Text(string(body))
	call.Body = &value
	return nil
}
